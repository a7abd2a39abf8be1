// Everything a model, a loss or a gradient rule is written with.
#pragma once
#include "nnc/ir/ops/Collective.h"
#include "nnc/ir/ops/Contract.h"
#include "nnc/ir/ops/Control.h"
#include "nnc/ir/ops/Elementwise.h"
#include "nnc/ir/ops/Index.h"
#include "nnc/ir/ops/Random.h"
#include "nnc/ir/ops/Reduce.h"
#include "nnc/ir/ops/Shape.h"
#include "nnc/ir/ops/Window.h"
