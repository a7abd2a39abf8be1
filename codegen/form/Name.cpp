// What a kernel is called and known by: a name in a few words, the layers it serves, and the hash of its content.
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "nnc/codegen/form/Kernel.h"
#include "nnc/codegen/form/Traits.h"
#include "nnc/ir/ScalarOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::codegen;

std::string codegen::contentHash(func::FuncOp kernel) {
  std::string text, name = kernel.getName().str();
  llvm::raw_string_ostream stream(text);
  kernel.setName("kernel");
  kernel->print(stream, OpPrintingFlags().enableDebugInfo(false).useLocalScope().assumeVerified());
  kernel.setName(name);
  auto digest = llvm::SHA256::hash(ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return llvm::toHex(digest, /*LowerCase=*/true);
}

//===--- layers ---===//

// The text between the quotes of `conv2d 'features.3'`.
static void addLayers(Location loc, SmallVector<std::string> &layers) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    auto [before, rest] = name.getName().getValue().split('\'');
    auto [path, after] = rest.split('\'');
    if (!path.empty() && !llvm::is_contained(layers, path))
      layers.push_back(path.str());
    addLayers(name.getChildLoc(), layers);
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      addLayers(part, layers);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    addLayers(call.getCallee(), layers);
    addLayers(call.getCaller(), layers);
  }
}

SmallVector<std::string> codegen::layersOf(Location location) {
  SmallVector<std::string> layers;
  addLayers(location, layers);
  return layers;
}

Location codegen::originOf(ArrayRef<Operation *> ops) {
  llvm::SetVector<Location> locations;
  bool onlyFills = llvm::all_of(ops, llvm::IsaPred<linalg::FillOp>);
  for (Operation *op : ops) {
    if (!onlyFills && isa<linalg::FillOp>(op)) // equal ones were made one, wherever they came from
      continue;
    // a body first: what was fused into it comes before what it was fused into
    op->walk<WalkOrder::PostOrder>([&](Operation *inner) {
      // constants are shared by all who need the number
      if (!inner->hasTrait<OpTrait::ConstantLike>() && !inner->hasTrait<OpTrait::IsTerminator>())
        locations.insert(inner->getLoc());
    });
  }
  return FusedLoc::get(ops.front()->getContext(), locations.getArrayRef());
}

//===--- words ---===//

static std::string reductionWord(linalg::LinalgOp op) {
  std::string word = "reduce";
  op->getRegion(0).walk([&](Operation *inner) {
    llvm::TypeSwitch<Operation *>(inner)
        .Case<arith::AddFOp, arith::AddIOp>([&](auto) { word = "sum"; })
        .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp, arith::MaxUIOp>([&](auto) { word = "max"; })
        .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp, arith::MinUIOp>([&](auto) { word = "min"; })
        .Case<arith::OrIOp>([&](auto) { word = "any"; })
        .Case<arith::AndIOp>([&](auto) { word = "all"; });
  });
  return word;
}

// The dearest thing an elementwise body does says most about it.
static std::string pointwiseWord(linalg::GenericOp op) {
  if (onlyMoves(op)) {
    AffineMap from = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
    return from.isIdentity()               ? "copy"
           : from.isPermutation()          ? "transpose"
           : from.isProjectedPermutation() ? "broadcast"
                                           : "move";
  }
  std::string word;
  int rank = -1;
  auto say = [&](int of, StringRef text) {
    if (of > rank)
      rank = of, word = text.str();
  };
  op.getBody()->walk([&](Operation *inner) {
    if (isa<math::ErfOp>(inner))
      say(9, "gelu");
    else if (isa<tensor::ExtractOp>(inner))
      say(8, "take");
    else if (isa<math::MathDialect, scalar::ScalarDialect>(inner->getDialect()) && !isa<math::FmaOp>(inner))
      say(7, inner->getName().stripDialect());
    else if (isa<arith::DivFOp, arith::DivSIOp>(inner))
      say(6, "div");
    else if (isa<arith::MaximumFOp, arith::MaxNumFOp>(inner))
      say(5, llvm::any_of(inner->getOperands(), [](Value value) { return matchPattern(value, m_AnyZeroFloat()); })
                 ? "relu"
                 : "max");
    else if (isa<arith::SelectOp>(inner))
      say(4, "select");
    else if (isa<arith::MulFOp, arith::MulIOp, math::FmaOp>(inner))
      say(3, "mul");
    else if (isa<arith::SubFOp, arith::SubIOp>(inner))
      say(2, "sub");
    else if (isa<arith::AddFOp, arith::AddIOp>(inner))
      say(1, "add");
  });
  return word.empty() ? "map" : word;
}

// An added vector along with something else is a bias.
static bool addsBias(linalg::GenericOp op) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = op.getMatchingIndexingMap(input);
    BlockArgument argument = op.getMatchingBlockArgument(input);
    return map.getNumResults() == 1 && op.getNumLoops() > 1 && argument.hasOneUse() &&
           isa<arith::AddFOp>(*argument.user_begin());
  });
}

static void addWords(Operation *op, SmallVector<std::string> &words) {
  auto add = [&](StringRef word) {
    if (words.empty() || words.back() != word)
      words.push_back(word.str());
  };
  if (isContraction(op))
    return add(hasWindows(cast<linalg::LinalgOp>(op)) ? "conv" : "dot");
  if (auto loops = dyn_cast<linalg::LinalgOp>(op);
      loops && isReduction(op) && hasWindows(loops) && op->getNumResults() == 1 && multiplies(loops))
    return add("conv"); // of one channel a group
  if (isReduction(op))
    return add(reductionWord(cast<linalg::LinalgOp>(op)));
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic)
    return;
  bool afterDot = !words.empty() && (words.front() == "dot" || words.front() == "conv");
  if (afterDot && addsBias(generic)) {
    add("bias");
    std::string word = pointwiseWord(generic);
    if (word != "add")
      add(word);
  } else {
    add(pointwiseWord(generic));
  }
}

std::string codegen::describe(func::FuncOp kernel) {
  SmallVector<std::string> words;
  bool fills = false, loops = false;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    addWords(op, words);
    fills |= isa<linalg::FillOp>(op);
    loops |= isa<scf::ForOp>(op);
    return isa<linalg::GenericOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  if (words.empty())
    return fills ? "fill" : loops ? "loop" : "copy";
  if (words.size() > 4) { // the first, which does most, and the last, which is what comes out
    words[2] = words[words.size() - 2];
    words[3] = words.back();
    words.resize(4);
  }
  return llvm::join(words, "_");
}
