// What all programs of the tutorial take from the command line: where the digits are, and how many to train on.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

struct Options {
  std::string data = "examples/data/mnist"; // --data FOLDER
  int64_t digits = 60000;                   // --digits N

  Options(int count, char **words) {
    for (int i = 1; i < count; ++i) {
      std::string word = words[i];
      bool isData = word == "--data", isDigits = word == "--digits";
      if (i + 1 == count || (!isData && !isDigits))
        fail(words[0], "usage: --data FOLDER, --digits N");
      (isData ? data : word) = words[++i];
      if (isDigits)
        digits = std::atoll(word.c_str());
    }
    if (digits < 64 || digits > 60000)
      fail(words[0], "--digits: expected 64 to 60000");
    if (!std::filesystem::exists(data + "/train-images-idx3-ubyte.gz"))
      fail(words[0], "no MNIST in " + data + "; --data names its folder");
  }

private:
  static void fail(const char *program, const std::string &message) {
    std::fprintf(stderr, "%s: %s\n", program, message.c_str());
    std::exit(2);
  }
};
