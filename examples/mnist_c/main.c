/* Uses a network that nnc compiled, from plain C: classifies the 10,000 test digits of MNIST and compares the scores,
 * bit by bit, with those of the program that trained it; then trains on for an epoch through the shipped training step
 * and tests again. Needs the generated mnist.h and mnist.so, and a C compiler: cc -O1 main.c -I build/demo/conv
 * build/demo/conv/mnist.so -o mnist_c
 *   ./mnist_c FOLDER_OF_IDX_FILES build/demo/conv/checkpoint.safetensors build/demo/conv/scores.f32 after.safetensors
 */
#include "mnist.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 28 * 28, TEST_BATCH = 100, TRAIN_BATCH = 64, CLASSES = 10 };

static void fail(const char *what, const char *why) {
  fprintf(stderr, "mnist_c: %s: %s\n", what, why);
  exit(1);
}
static void check(int32_t status, const char *what) {
  if (status != NNC_OK)
    fail(what, mnist_last_error());
}
/* Memory for state and workspaces, aligned as the ABI asks. */
static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(NNC_ALIGNMENT, (bytes / NNC_ALIGNMENT + 1) * NNC_ALIGNMENT);
  if (!memory)
    fail("memory", "none left");
  return memory;
}

/* An unpacked IDX file: its elements behind a header of `header` bytes whose second word is their number. */
static unsigned char *idx(const char *folder, const char *name, size_t header, size_t each, int32_t *count) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  if (!file)
    fail(path, "cannot be opened");
  unsigned char head[16];
  if (fread(head, 1, header, file) != header)
    fail(path, "ends within its header");
  *count = (int32_t)((uint32_t)head[4] << 24 | (uint32_t)head[5] << 16 | (uint32_t)head[6] << 8 | head[7]);
  if (*count < 0 || *count > 1000000)
    fail(path, "has an unlikely number of examples");
  unsigned char *data = malloc((size_t)*count * each + 1);
  if (!data || fread(data, each, (size_t)*count, file) != (size_t)*count)
    fail(path, "ends too soon");
  fclose(file);
  return data;
}
/* The same arithmetic as nnc's mnist dataset: in double, rounded once. */
static void pixels(const unsigned char *from, float *to, size_t count) {
  for (size_t i = 0; i < count; ++i)
    to[i] = (float)(((double)from[i] / 255 - 0.1307) / 0.3081);
}

int main(int count, char **words) {
  if (count != 5) {
    fprintf(stderr, "usage: mnist_c FOLDER_OF_IDX_FILES CHECKPOINT SCORES SAVED\n");
    return 2;
  }
  int32_t tests, trains, labels;
  unsigned char *testImages = idx(words[1], "t10k-images-idx3-ubyte", 16, PIXELS, &tests);
  unsigned char *testLabels = idx(words[1], "t10k-labels-idx1-ubyte", 8, 1, &labels);
  if (labels != tests)
    fail("test labels", "are not as many as the images");
  unsigned char *trainImages = idx(words[1], "train-images-idx3-ubyte", 16, PIXELS, &trains);
  unsigned char *trainLabels = idx(words[1], "train-labels-idx1-ubyte", 8, 1, &labels);
  if (labels != trains)
    fail("training labels", "are not as many as the images");

  /* The whole training state: parameters, moments, step count, seed. */
  mnist_train_step_state state;
  mnist_train_step_state_init(&state, aligned(MNIST_TRAIN_STEP_STATE_BYTES));
  /* A network without random numbers has no use for the seed in the file. */
  check(mnist_train_step_state_load(&state, words[2], NNC_IGNORE_UNEXPECTED), "loading the state");
  void *forwardSpace = aligned(MNIST_FORWARD_WORKSPACE_BYTES), *trainSpace = aligned(MNIST_TRAIN_STEP_WORKSPACE_BYTES);

  float (*scores)[CLASSES] = malloc((size_t)tests * sizeof *scores);
  float (*batch)[1][28][28] = malloc(TEST_BATCH * sizeof *batch);
  if (!scores || !batch)
    fail("memory", "none left");
  for (int round = 0; round < 2; ++round) {
    mnist_weights weights;
    nnc_weights *file;
    check(mnist_weights_open(words[round == 0 ? 2 : 4], &weights, &file), "opening the weights");
    int right = 0;
    for (int32_t first = 0; first + TEST_BATCH <= tests; first += TEST_BATCH) {
      pixels(testImages + (size_t)first * PIXELS, &batch[0][0][0][0], (size_t)TEST_BATCH * PIXELS);
      check(mnist_forward(&weights, (const float (*)[1][28][28])batch, scores + first, forwardSpace), "forward");
      for (int i = 0; i < TEST_BATCH; ++i) {
        int best = 0;
        for (int c = 1; c < CLASSES; ++c)
          if (scores[first + i][c] > scores[first + i][best])
            best = c;
        right += best == testLabels[first + i];
      }
    }
    mnist_weights_close(file);
    printf("accuracy %.2f %%\n", 100.0 * right / tests);
    if (round == 1)
      return 0;

    FILE *given = fopen(words[3], "rb");
    float (*expected)[CLASSES] = malloc((size_t)tests * sizeof *expected);
    if (!given || !expected || fread(expected, sizeof *expected, (size_t)tests, given) != (size_t)tests)
      fail(words[3], "cannot be read");
    fclose(given);
    if (memcmp(expected, scores, (size_t)tests * sizeof *scores))
      fail("scores", "differ from those of the program that trained the network");
    printf("all %d scores are bit-identical to the training program's\n", tests * CLASSES);
    free(expected);

    double sum = 0;
    int steps = trains / TRAIN_BATCH;
    float (*x)[1][28][28] = malloc(TRAIN_BATCH * sizeof *x);
    int64_t y[TRAIN_BATCH];
    if (!x)
      fail("memory", "none left");
    for (int step = 0; step < steps; ++step) {
      float loss;
      pixels(trainImages + (size_t)step * TRAIN_BATCH * PIXELS, &x[0][0][0][0], (size_t)TRAIN_BATCH * PIXELS);
      for (int i = 0; i < TRAIN_BATCH; ++i)
        y[i] = trainLabels[step * TRAIN_BATCH + i];
      check(mnist_train_step(&state, (const float (*)[1][28][28])x, y, 1e-3, &loss, trainSpace), "train_step");
      sum += loss;
    }
    printf("one more epoch: loss %.4f\n", sum / steps);
    check(mnist_train_step_state_save(&state, words[4]), "saving the state");
    free(x);
  }
  return 0;
}
