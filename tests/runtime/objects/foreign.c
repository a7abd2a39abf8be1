/* A shared object that has nothing to do with nnc. */
__attribute__((visibility("default"))) int answer(void) { return 42; }
