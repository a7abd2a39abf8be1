// Reads an array's header with the runtime alone.
#include <nnc/runtime/SharedObject.h>
int main() {
  try {
    nnc::runtime::SharedObject("/nonexistent.so");
  } catch (const nnc::Error &error) {
    return 0;
  }
  return 1;
}
