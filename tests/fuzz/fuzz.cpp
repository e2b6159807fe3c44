// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"

#include "base/linux_sys.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fuzz {

namespace {

class NoPrograms final : public base::Runner {
public:
  bool exists(const std::string & /*program*/) override { return false; }

  base::Finished run(const base::Command & /*command*/) override
  {
    return {.status = 127, .output = {}, .errors = {}};
  }

  void start(const base::Command & /*command*/) override
  {
    base::fail(base::Kind::io, "there are no programs here");
  }
};

class NoNetwork final : public base::Fetcher {
public:
  std::vector<base::Fetched> fetch(const std::vector<base::Fetch> & /*wanted*/) override
  {
    base::fail(base::Kind::network, "there is no network here");
  }
};

class NoTime final : public base::Clock {
public:
  std::chrono::sys_seconds now() override { return {}; }

  std::chrono::milliseconds monotonic() override { return {}; }

  void sleep(std::chrono::milliseconds /*duration*/) override {}
};

} // namespace

std::vector<Target> &targets()
{
  static std::vector<Target> all;
  return all;
}

Registered::Registered(Target target)
{
  targets().push_back(std::move(target));
}

void feed(const Target &target, std::string_view input)
{
  try {
    target.run(input);
  } catch (const base::Error &error) {
    const bool expected = std::ranges::find(target.refusals, error.kind()) != target.refusals.end();
    if (!expected)
      std::fprintf(stderr, "refused by: %s\n", error.what());
    demand(expected, "bad input is refused with the kind that the contract names");
  }
}

void demand(bool holds, const char *sentence)
{
  if (holds)
    return;
  std::fprintf(stderr, "broken promise: %s\n", sentence);
  std::abort();
}

std::vector<std::string> cut(std::string_view input, char separator, std::size_t pieces)
{
  std::vector<std::string> result;
  for (; result.size() + 1 < pieces;
       input.remove_prefix(std::min(result.back().size() + 1, input.size())))
    result.emplace_back(input.substr(0, input.find(separator)));
  result.emplace_back(input);
  return result;
}

Scratch::Scratch()
{
  std::error_code none;
  const bool has_memory = std::filesystem::is_directory("/dev/shm", none);
  path_ = (has_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) +
          "/strake-fuzz-XXXXXX";
  demand(::mkdtemp(path_.data()) != nullptr, "a temporary directory can be made");
}

Scratch::~Scratch()
{
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Scratch::write(const std::string &name, std::string_view text) const
{
  const std::filesystem::path full = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(full.parent_path());
  std::ofstream(full, std::ios::binary).write(text.data(), std::ssize(text));
}

base::Host host_in(const Scratch &scratch)
{
  static base::LinuxSys sys;
  static NoPrograms programs;
  static NoNetwork fetcher;
  static NoTime clock;
  return {.sys = sys,
          .programs = programs,
          .fetcher = fetcher,
          .clock = clock,
          .log = [](base::Level, std::string_view) {},
          .environment = {},
          .root = scratch.dir(),
          .machine = scratch.dir(),
          .is_running_system = false};
}

} // namespace fuzz
