// Tracing of a function into a graph.
#include "nnc/frontend/Graph.h"
#include "nnc/codegen/Dialects.h"
#include "nnc/frontend/Seed.h"
#include "nnc/frontend/Tracing.h"
#include "nnc/ir/Builder.h"
#include "nnc/ir/Dialect.h"
#include "nnc/passes/Differentiate.h"
#include "nnc/runtime/Error.h"
#include <atomic>
#include <fmt/format.h>
#include <set>

using namespace mlir;
namespace nnc {

MLIRContext &graphContext() {
  static MLIRContext *context = [] {
    auto *created = new MLIRContext;
    codegen::loadDialects(*created);
    return created;
  }();
  return *context;
}

namespace {

thread_local Graph *currentGraph = nullptr;
std::atomic<uint64_t> processSeed{0};

std::string_view kindName(Kind kind) {
  static constexpr std::string_view names[] = {"parameter", "buffer", "optimizer", "scalar", "seed", "step"};
  return names[size_t(kind)];
}

class Tracer final : public Graph {
public:
  Tracer(func::FuncOp function, const TraceOptions &options)
      : function_(function), options_(options), outer_(currentGraph) {
    currentGraph = this;
  }
  ~Tracer() override { currentGraph = outer_; }

  Tensor use(const VariableRef &variable) override {
    if (!variable || !variable->value.defined())
      throw Error("a parameter without a value was used");
    auto found = values_.find(variable.get());
    if (found != values_.end())
      return found->second;
    const Array &array = variable->value;
    Type type = ir::tensorType(array.dtype(), array.shape(), function_.getContext());
    auto attribute = [&](std::string_view text) { return StringAttr::get(function_.getContext(), text); };
    auto attributes = DictionaryAttr::get(function_.getContext(),
                                          {NamedAttribute(attribute("nn.kind"), attribute(kindName(variable->kind))),
                                           NamedAttribute(attribute("nn.name"), attribute(nameOf(variable)))});
    unsigned index = function_.getNumArguments();
    if (failed(function_.insertArgument(index, type, attributes, function_.getLoc())))
      throw Error("internal: cannot add an argument to the graph");
    variables_.push_back(variable);
    return values_[variable.get()] = ir::tensor(function_.getArgument(index));
  }

  void update(const VariableRef &variable, Tensor value) override {
    Tensor before = use(variable);
    if (value.shape() != before.shape() || value.dtype() != before.dtype())
      throw Error(fmt::format("update of '{}': expected {} of {}, got {} of {}", nameOf(variable),
                              toString(before.shape()), toString(before.dtype()), toString(value.shape()),
                              toString(value.dtype())));
    values_[variable.get()] = value;
    updated_.insert(variable.get());
  }

  bool uses(const VariableRef &variable) const override { return values_.count(variable.get()); }

  RandomState random() override {
    if (!state_) {
      VariableRef seed = options_.seed, step = options_.step;
      if (!seed)
        seed = std::make_shared<Variable>(Variable{Array::scalar<int64_t>(int64_t(initialSeed())), Kind::seed, "seed"});
      if (!step)
        step = std::make_shared<Variable>(Variable{Array::scalar<int64_t>(0), Kind::step, "step"});
      state_ = RandomState{use(seed), use(step)};
      step_ = step;
    }
    return *state_;
  }
  int64_t nextStream() override { return stream_++; }

  /// Advances the step, where the graph draws random numbers and nobody else has advanced it.
  void finish() {
    LayerScope scope("step", Where()); // no line of the user's
    if (step_ && !updated_.count(step_.get()))
      update(step_, use(step_) + 1);
  }

  const std::vector<VariableRef> &variables() const { return variables_; }
  bool isUpdated(const VariableRef &variable) const { return updated_.count(variable.get()); }
  std::string nameOf(const VariableRef &variable) {
    std::string &name = chosen_[variable.get()];
    if (!name.empty())
      return name;
    auto given = options_.names.find(variable.get());
    std::string wanted = given != options_.names.end() ? given->second : variable->name;
    if (wanted.empty())
      wanted = fmt::format("{}.{}", kindName(variable->kind), chosen_.size() - 1);
    name = wanted;
    for (int i = 1; !used_.insert(name).second; ++i)
      name = fmt::format("{}.{}", wanted, i);
    return name;
  }

private:
  func::FuncOp function_;
  const TraceOptions &options_;
  Graph *outer_;
  std::map<const Variable *, Tensor> values_;
  std::vector<VariableRef> variables_;
  std::set<const Variable *> updated_;
  std::map<const Variable *, std::string> chosen_;
  std::set<std::string> used_;
  std::optional<RandomState> state_;
  VariableRef step_;
  int64_t stream_ = 0;
};

} // namespace

bool Graph::active() { return currentGraph != nullptr; }
Graph &Graph::current() {
  if (!currentGraph)
    throw Error("a parameter or random number was used outside a graph: call it inside a function that is traced "
                "(evaluate, compile, train_step)");
  return *currentGraph;
}

static std::atomic<uint64_t> seedings{0};
void manual_seed(uint64_t seed) {
  processSeed = seed;
  ++seedings;
}
uint64_t detail::timesSeeded() { return seedings; }
uint64_t initialSeed() { return processSeed; }

void detail::wrongInputCount(size_t expected, size_t got) {
  throw Error(fmt::format("the traced function takes {} tensor{}, got {} input{}", expected, expected == 1 ? "" : "s",
                          got, got == 1 ? "" : "s"));
}

std::vector<Tensor> grad(Tensor loss, const std::vector<Tensor> &wrt, Where where) {
  if (loss.numel() != 1)
    fail("grad", fmt::format("loss: expected one element, got {}", toString(loss.shape())), where);
  return vjp({loss}, {onesLike(loss, where)}, wrt, where);
}
std::vector<Tensor> vjp(const std::vector<Tensor> &outputs, const std::vector<Tensor> &cotangents,
                        const std::vector<Tensor> &wrt, Where where) {
  if (outputs.size() != cotangents.size())
    fail("vjp", fmt::format("cotangents: expected {}, got {}", outputs.size(), cotangents.size()), where);
  for (size_t i = 0; i < outputs.size(); ++i)
    if (cotangents[i] && cotangents[i].shape() != outputs[i].shape())
      fail("vjp",
           fmt::format("cotangent {}: expected {} as its output, got {}", i, toString(outputs[i].shape()),
                       toString(cotangents[i].shape())),
           where);
  for (size_t i = 0; i < wrt.size(); ++i)
    if (!isFloat(wrt[i].dtype()))
      fail("grad", fmt::format("wrt {}: expected a float tensor, got {}", i, toString(wrt[i].dtype())), where);
  return passes::differentiate(ir::Builder::current().op(), outputs, cotangents, wrt);
}

const std::string &Traced::name() const { return impl_->name; }
const std::vector<Spec> &Traced::inputs() const { return impl_->inputs; }
const std::vector<Spec> &Traced::outputs() const { return impl_->outputs; }
const std::vector<VariableRef> &Traced::variables() const { return impl_->variables; }
const std::vector<std::string> &Traced::variableNames() const { return impl_->variableNames; }
std::string Traced::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(16);
  impl_->module.get()->print(stream, flags);
  return text;
}

Traced trace(const TensorFunction &function, std::vector<Spec> inputs, TraceOptions options) {
  MLIRContext &context = graphContext();
  auto impl = std::make_shared<Traced::Impl>();
  impl->name = options.name;
  OpBuilder builder(&context);
  Location unknown = builder.getUnknownLoc();
  impl->module = ModuleOp::create(unknown);
  builder.setInsertionPointToEnd(impl->module->getBody());
  SmallVector<Type> types;
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (input.name.empty())
      input.name = fmt::format("x{}", i);
    for (int64_t size : input.shape)
      if (size < 0)
        throw Error(
            fmt::format("trace: input '{}': expected sizes of at least 0, got {}", input.name, toString(input.shape)));
    auto type = cast<RankedTensorType>(ir::tensorType(input.type, input.shape, &context));
    if (!ir::isOfPossibleSize(type))
      throw Error(
          fmt::format("trace: input '{}': expected at most 2^40 elements, got {}", input.name, toString(input.shape)));
    types.push_back(type);
  }
  auto func = func::FuncOp::create(builder, unknown, options.name, builder.getFunctionType(types, {}));
  Block *entry = func.addEntryBlock();
  std::vector<Tensor> arguments;
  for (auto [i, argument] : llvm::enumerate(entry->getArguments())) {
    arguments.push_back(ir::tensor(argument));
    func.setArgAttr(i, "nn.name", builder.getStringAttr(inputs[i].name));
    func.setArgAttr(i, "nn.kind", builder.getStringAttr("input"));
  }
  builder.setInsertionPointToEnd(entry);
  ir::Builder current(builder);
  Tracer tracer(func, options);
  std::vector<Tensor> results = function(arguments);
  tracer.finish();

  SmallVector<Value> returned;
  SmallVector<Type> resultTypes;
  for (auto [i, result] : llvm::enumerate(results)) {
    if (!result)
      throw Error(fmt::format("trace: result {} has no value", i));
    returned.push_back(ir::value(result));
    std::string name = i < options.outputs.size() ? options.outputs[i] : fmt::format("y{}", i);
    impl->outputs.push_back({result.dtype(), result.shape(), name});
  }
  for (auto [i, variable] : llvm::enumerate(tracer.variables()))
    if (tracer.isUpdated(variable)) {
      returned.push_back(ir::value(tracer.use(variable)));
      impl->updated.push_back(int64_t(i));
    }
  for (Value value : returned)
    resultTypes.push_back(value.getType());
  func::ReturnOp::create(current.op(), unknown, returned);
  SmallVector<Type> argumentTypes(entry->getArgumentTypes());
  func.setFunctionType(builder.getFunctionType(argumentTypes, resultTypes));
  for (auto [i, output] : llvm::enumerate(impl->outputs))
    func.setResultAttr(i, "nn.name", builder.getStringAttr(output.name));
  for (auto [i, index] : llvm::enumerate(impl->updated)) {
    unsigned result = impl->outputs.size() + i;
    func.setResultAttr(result, "nn.name", builder.getStringAttr(tracer.nameOf(tracer.variables()[index])));
    func.setResultAttr(result, "nn.updates", builder.getI64IntegerAttr(inputs.size() + index));
  }
  impl->inputs = std::move(inputs);
  impl->variables = tracer.variables();
  for (const VariableRef &variable : impl->variables)
    impl->variableNames.push_back(tracer.nameOf(variable));
  if (failed(verify(*impl->module)))
    throw Error("internal: the traced graph does not verify");
  return Traced(impl);
}

} // namespace nnc
