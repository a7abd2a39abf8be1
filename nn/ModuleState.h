// What handles on one module share. Seen by modules and containers only.
#pragma once
#include "nnc/nn/Module.h"

namespace nnc::nn::detail {

struct ModuleState {
  std::string type = "Module"; // class, as printed
  std::string kind;            // of a library layer, as in messages: "conv2d"; empty for others
  std::string options;         // printed between the parentheses
  bool training = true;
  bool collapses = false; // prints runs of equal parts as one line
  std::function<std::string(const ModuleState &)> printer;
  std::vector<std::pair<std::string, std::shared_ptr<ModuleState>>> children;
  std::vector<std::pair<std::string, Parameter>> parameters;
  std::vector<std::pair<std::string, Buffer>> buffers;
  std::vector<std::pair<std::weak_ptr<ModuleState>, std::string>> parents; // who holds it, and under what name
  std::shared_ptr<const Erased> self;
  std::vector<std::pair<int64_t, ForwardPreHook>> preHooks;
  std::vector<std::pair<int64_t, ForwardHook>> hooks;
  int64_t lastHook = 0;

  bool reaches(const std::shared_ptr<ModuleState> &other) const;
  std::string path() const;
  std::string print() const;
};

} // namespace nnc::nn::detail
