// One tensor operation, compiled just in time.
#include <nnc/frontend/Function.h>
int main() {
  nnc::Array y = nnc::evaluate([](nnc::Tensor x) { return exp(x) + 1; }, nnc::Array::full({2, 3}, 0));
  return y.at(5) == 2 ? 0 : 1;
}
