// SPDX-License-Identifier: Apache-2.0
#include "base/tar.hpp"

#include "base/linux_sys.hpp"
#include "fuzz.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

namespace {

constexpr std::size_t block = 512;

/// The canary and what it lies in, to compare: nothing may be written, linked or added there.
std::string around(const fuzz::Scratch &scratch)
{
  std::string result;
  for (const auto &entry : std::filesystem::directory_iterator(scratch.path())) {
    struct stat status = {};
    (void)::lstat(entry.path().c_str(), &status);
    if (entry.path().filename() != "into")
      result += fmt::format("{} {:o} {} {} {}\n",
                            entry.path().string(),
                            status.st_mode,
                            status.st_nlink,
                            status.st_size,
                            status.st_mtim.tv_nsec);
  }
  return result;
}

void judge_tree(const std::string &path)
{
  for (const auto &entry : std::filesystem::recursive_directory_iterator(path)) {
    struct stat status = {};
    (void)::lstat(entry.path().c_str(), &status);
    fuzz::demand(!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode), "no device is made");
  }
}

/// Right checksums for all that looks like a header.
void mend(std::span<char> input)
{
  for (; input.size() >= block; input = input.subspan(block)) {
    if (std::memcmp(input.data() + 257, "ustar", 5) != 0)
      continue;
    std::memset(input.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (const char letter : input.first(block))
      sum += static_cast<unsigned char>(letter);
    (void)fmt::format_to_n(input.data() + 148, 7, "{:06o}", sum);
    input[154] = '\0';
  }
}

// Whatever an archive says, nothing beside the directory it is unpacked into is touched.
const fuzz::Registered
    tar({"tar",
         {},
         [](std::string_view input) {
           const fuzz::Scratch scratch;
           scratch.write("canary", "sings");
           scratch.write("archive", input);
           std::filesystem::create_directory(scratch.path() + "/into");
           const std::string before = around(scratch);
           base::LinuxSys sys;
           try {
             const auto dir = scratch.dir();
             base::extract_tar(
                 sys, dir.file("archive"), dir.dir("into"), {.size = 1U << 16U, .entries = 64});
           } catch (const base::Error &error) {
             fuzz::demand(error.kind() == base::Kind::untrusted, "a bad archive is not trusted");
           }
           fuzz::demand(around(scratch) == before, "the canary still sings");
           judge_tree(scratch.path() + "/into");
         },
         mend});

} // namespace
