// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.hpp"
#include "base/host.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What every fuzz target is written with. A target is one function over hostile bytes that aborts
/// where a promise of the code is broken; libFuzzer feeds it (driver.cpp), and so does the replay
/// of the corpus in the normal tests (replay.cpp).
namespace fuzz {

struct Target {
  std::string_view name;
  /// How bad input may be refused. Any other failure, or any other exception, is a finding.
  std::vector<base::Kind> refusals;
  void (*run)(std::string_view input);
  /// Puts right what a random change can hardly hit, such as checksums; may be null.
  void (*mend)(std::span<char> input) = nullptr;
};

/// The targets of this program: one in a fuzzer, all in the replay.
std::vector<Target> &targets();

/// Each target's file has one of these.
struct Registered {
  explicit Registered(Target target);
};

/// Runs one input; aborts on a finding.
void feed(const Target &target, std::string_view input);

/// Aborts with the sentence, which says what should have held, unless `holds`.
void demand(bool holds, const char *sentence);

/// The input cut at each `separator` into so many pieces; the last one has the rest.
std::vector<std::string> cut(std::string_view input, char separator, std::size_t pieces);

/// A directory in memory for one input, removed with all that is in it.
class Scratch {
public:
  Scratch();
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  ~Scratch();

  [[nodiscard]] const std::string &path() const { return path_; }

  [[nodiscard]] base::Dir dir() const { return base::Dir::open_root(path_); }

  /// Makes a file and the directories above it.
  void write(const std::string &name, std::string_view text) const;

private:
  std::string path_;
};

/// A machine that has nothing but what is in the directory: no network, no programs, no time.
/// `scratch` must outlive it.
base::Host host_in(const Scratch &scratch);

} // namespace fuzz
