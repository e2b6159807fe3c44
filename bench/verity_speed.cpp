// SPDX-License-Identifier: Apache-2.0
// Runs what bench/verity measures, and prints how many seconds it took, by the clock and of
// processor time:
//   verity_speed check DATA TREE ROOT_HASH   all data against its tree, as it lies there
//   verity_speed open ROOT IMAGE POLICY      as an extension is opened: with the private copy
#include "base/error.hpp"
#include "base/linux_sys.hpp"
#include "verity/checked_image.hpp"
#include "verity/parallel_check.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

namespace {

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

void check(const std::string &data_path, const std::string &tree_path, const std::string &hash)
{
  const base::Dir machine = base::Dir::open_root("/");
  const base::Fd data = machine.file(data_path);
  const base::Fd tree = machine.file(tree_path);
  std::vector<std::byte> start(verity::superblock_size);
  (void)base::read_at(tree, 0, start);
  const verity::TreeShape shape = verity::parse_superblock(start).superblock.value().shape;
  const std::uint64_t length = verity::data_bytes(shape);
  verity::ParallelCheck checking(shape,
                                 data,
                                 verity::range_reader(tree, 0, verity::hash_bytes(shape)),
                                 verity::parse_sha256(hash).value(),
                                 std::thread::hardware_concurrency());
  (void)checking.arrived(length);
  if (checking.finish())
    base::fail(base::Kind::untrusted, "{} is not what it should be", data_path);
}

void open(const std::string &root, const std::string &image, const std::string &policy)
{
  base::LinuxSys sys;
  base::ProcessRunner programs;
  NoNetwork fetcher;
  NoTime clock;
  const base::Host host{.sys = sys,
                        .programs = programs,
                        .fetcher = fetcher,
                        .clock = clock,
                        .log = [](base::Level, std::string_view) {},
                        .environment = {},
                        .root = base::Dir::open_root(root),
                        .machine = base::Dir::open_root(root),
                        .is_running_system = false};
  const auto parts = verity::open_image(host, image, verity::ImagePolicy::parse(policy));
  if (parts.empty() || parts.front().protection == verity::Protection::unprotected)
    base::fail(base::Kind::untrusted, "{} was not checked", image);
}

double processor_seconds()
{
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval &time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

} // namespace

int main(int count, char **arguments)
{
  try {
    const std::vector<std::string> words(arguments, arguments + count);
    const auto started = std::chrono::steady_clock::now();
    const double before = processor_seconds();
    if (words.size() == 5 && words[1] == "check")
      check(words[2], words[3], words[4]);
    else if (words.size() == 5 && words[1] == "open")
      open(words[2], words[3], words[4]);
    else
      base::fail(base::Kind::usage, "called as bench/verity does");
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    (void)std::printf("%f %f\n", took.count(), processor_seconds() - before);
    return 0;
  } catch (const std::exception &error) {
    (void)std::fprintf(stderr, "verity_speed: %s\n", error.what());
    return 1;
  }
}
