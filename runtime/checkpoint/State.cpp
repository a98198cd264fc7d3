// Collects a manifest's state by tensor.
#include "runtime/checkpoint/State.h"

#include "runtime/core/Error.h"

#include <map>

namespace vescale::runtime {
namespace {

// A table cut into more pieces is not what a program leaves out.
constexpr size_t maxGaps = 4096;

void checkSame(const StateTensor &tensor, const Parameter &parameter) {
  auto differ = [&](const char *what, const std::string &one,
                    const std::string &other) {
    fail(ExitCode::BadInput, "state '", parameter.name, "' is listed with ",
         what, " ", one, " and ", other);
  };
  const ParameterSource &source = parameter.source;
  if (tensor.dtype != source.dtype)
    differ("elements of type", dtypeName(tensor.dtype),
           dtypeName(source.dtype));
  if (tensor.shape != source.shape)
    differ("the shape", shapeText(tensor.shape), shapeText(source.shape));
  auto text = [](const std::optional<double> &init) {
    return init ? cat(*init) : std::string("a file's");
  };
  if (tensor.init != parameter.init)
    differ("initial values", text(tensor.init), text(parameter.init));
}

/// Adds views of what no parameter covers; refuses what two do.
void completeViews(StateTensor &tensor) {
  std::vector<const Box *> boxes;
  for (const StateView &view : tensor.views)
    boxes.push_back(&view.box);
  std::vector<std::pair<int64_t, int64_t>> gaps;
  forEachGap(
      boxes, Box::whole(tensor.shape).elements(),
      [&](int64_t begin, int64_t end) { gaps.emplace_back(begin, end); },
      [&](int64_t element, size_t, size_t) {
        fail(ExitCode::BadInput, "state '", tensor.name, "' of shape ",
             shapeText(tensor.shape), " has two views with element ", element,
             "; what trains it has to be one parameter");
      });
  if (gaps.size() > maxGaps)
    fail(ExitCode::BadInput, "state '", tensor.name, "' of shape ",
         shapeText(tensor.shape), ": the program leaves out ", gaps.size(),
         " pieces of it, more than ", maxGaps);
  for (auto [begin, end] : gaps)
    tensor.views.push_back({std::nullopt, Box::range(begin, end), Layout{}});
}

} // namespace

int64_t StateTensor::bytes() const {
  return Box::whole(shape).elements() * dtypeBytes(dtype);
}

const StateTensor *State::find(const std::string &name) const {
  for (const StateTensor &tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

State stateOf(const Manifest &manifest) {
  State state{manifest.mesh, {}};
  std::map<std::string, size_t> known;
  std::vector<std::vector<const Parameter *>> parameters;
  for (size_t i = 0; i < manifest.parameters.size(); ++i) {
    const Parameter &parameter = manifest.parameters[i];
    if (!parameter.isState())
      continue;
    auto [it, isNew] = known.try_emplace(parameter.name, state.tensors.size());
    if (isNew) {
      StateTensor &tensor = state.tensors.emplace_back();
      tensor.name = parameter.name;
      tensor.dtype = parameter.source.dtype;
      tensor.shape = parameter.source.shape;
      tensor.init = parameter.init;
      parameters.emplace_back();
    }
    StateTensor &tensor = state.tensors[it->second];
    checkSame(tensor, parameter);
    tensor.views.push_back(
        {i,
         {parameter.view.offset, parameter.shape, parameter.view.strides},
         parameter.layout});
    parameters[it->second].push_back(&parameter);
  }
  for (size_t i = 0; i < state.tensors.size(); ++i) {
    state.tensors[i].author = authorOrder(parameters[i]);
    completeViews(state.tensors[i]);
  }
  return state;
}

} // namespace vescale::runtime
