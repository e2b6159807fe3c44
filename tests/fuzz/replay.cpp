// SPDX-License-Identifier: Apache-2.0
// Feeds the files of a directory to a target: fuzz_replay TARGET DIRECTORY
#include "fuzz.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

int main(int count, char **arguments)
{
  const std::vector<std::string> words(arguments, arguments + count);
  const auto &all = fuzz::targets();
  fuzz::demand(words.size() == 3, "called as: fuzz_replay TARGET DIRECTORY");
  const auto target = std::ranges::find(all, words[1], &fuzz::Target::name);
  fuzz::demand(target != all.end(), "the target exists");
  unsigned fed = 0;
  for (const auto &file : std::filesystem::directory_iterator(words[2])) {
    std::ostringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    std::printf("%s\n", file.path().c_str());
    (void)std::fflush(stdout); // so that it is there if the next line aborts
    fuzz::feed(*target, text.str());
    ++fed;
  }
  fuzz::demand(fed > 0, "the corpus has files");
  return 0;
}
