// SPDX-License-Identifier: Apache-2.0
// The power is cut at every moment of a publication: clients see what was published before or all
// of the new, every file that is named is there whole, and the next run ends well.
#include "bakery/publish.hpp"
#include "base/error.hpp"
#include "crash/setting.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/repository");

using base::Dir;
using base::Sys;
using support::Finished;

namespace {

const bakery::SigningKey &key()
{
  static const bakery::SigningKey made = bakery::SigningKey::generate();
  return made;
}

using Verb = std::function<void(const base::Host &, const bakery::RepositoryRequest &)>;

void run(Sys &sys, const Dir &root, const Verb &verb)
{
  base::ProcessRunner programs;
  support::MapFetcher fetcher;
  support::SetClock clock;
  clock.time = std::chrono::sys_days(std::chrono::year{2026} / 5 / 1);
  const base::Host host{.sys = sys,
                        .programs = programs,
                        .fetcher = fetcher,
                        .clock = clock,
                        .log = [](base::Level, std::string_view) {},
                        .environment = {},
                        .root = root.again(),
                        .machine = root.again(),
                        .is_running_system = false};
  const bakery::RepositoryRequest request{.repository = "/repository",
                                          .keys = {.key = &key(), .gpg_key = {}},
                                          .valid_for = std::chrono::hours(24 * 30),
                                          .url = "https://example.org"};
  verb(host, request);
}

/// Publishes what is in this directory.
Verb publishing(const std::string &directory)
{
  return [directory](const base::Host &host, const bakery::RepositoryRequest &request) {
    bakery::PublishRequest wanted{request};
    wanted.directories = {host.root.path() + directory};
    wanted.lint = bakery::Lint::left_out;
    (void)bakery::publish(host, wanted);
  };
}

void withdraw_first(const base::Host &host, const bakery::RepositoryRequest &request)
{
  (void)bakery::withdraw(host, {request, "a", "1", "it is old"});
}

support::Recording recording_of(const std::vector<Verb> &before, const Verb &verb)
{
  const support::TempRoot root(support::Storage::memory,
                               {{"first/a_1.raw", std::string(600, '1')},
                                {"second/a_2.raw", std::string(700, '2')},
                                {"second/b_1.raw", "b"}});
  base::LinuxSys real;
  for (const Verb &each : before)
    run(real, root.dir(), each);
  support::Recorder sys(root.dir());
  run(sys, root.dir(), verb);
  return sys.recording();
}

/// The number of the list that clients see, with the files it names: "2: a_1.raw a_2.raw"; what is
/// wrong if something is.
std::string seen(const Dir &root)
{
  const auto repository = root.find_dir("repository");
  if (!repository || !repository->target_status("manifest.json"))
    return "none";
  const auto found = bakery::read_signed_index(
      [&](const std::string &path) { return repository->text(path); }, key().public_key());
  std::string text = std::to_string(found->index.sequence) + ":";
  for (const bakery::OfferedFile &file : found->index.all_files()) {
    const std::string content = repository->text(file.name.file).value_or("");
    if (verity::digest_of(std::as_bytes(std::span(content))) != file.sha256)
      return file.name.file + " is named, and not there";
    text += " " + file.name.file;
  }
  if (repository->text("SHA256SUMS") != found->channels.at(bakery::Channel::stable).checksums)
    return "SHA256SUMS is of another list";
  return text;
}

support::Oracle either(const std::string &before, const std::string &after, const Verb &again)
{
  return [=](const Dir &root, Finished finished) -> std::string {
    const std::string found = seen(root);
    if (found != after && (found != before || finished == Finished::yes))
      return "seen: " + found;
    base::LinuxSys sys;
    run(sys, root, again);
    const std::string files = after.substr(after.find(':'));
    const std::string then = seen(root);
    if (!then.ends_with(files))
      return "after the next run: " + then;
    const Dir records = root.dir("repository/.strake");
    const auto incoming = records.find_dir("incoming");
    return !incoming || incoming->entries().empty() ? "" : "the next run leaves what came half";
  };
}

const std::string both = ": a_1.raw a_2.raw b_1.raw";

} // namespace

TEST_CASE(
    "a cut while files are published leaves the list before or the new one, and all they name")
{
  const auto result = support::sweep(recording_of({publishing("/first")}, publishing("/second")),
                                     either("1: a_1.raw", "2" + both, publishing("/second")),
                                     {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 60);
}

TEST_CASE("a cut while a repository begins leaves none, or the first list whole")
{
  const auto result = support::sweep(recording_of({}, publishing("/first")),
                                     either("none", "1: a_1.raw", publishing("/first")),
                                     {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a cut in the run after a cut is no worse")
{
  const auto again = publishing("/second");
  const auto result = support::sweep_recovery(
      recording_of({publishing("/first")}, again),
      41,
      [&](Sys &sys, const Dir &root) { run(sys, root, again); },
      {},
      [&](const Dir &root, Finished finished) -> std::string {
        const std::string found = seen(root);
        const bool is_old = found == "1: a_1.raw" && finished == Finished::no;
        return is_old || found.ends_with(both) ? "" : "seen: " + found;
      },
      {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("a cut while a version is withdrawn leaves it offered or withdrawn, and its name taken")
{
  const auto result = support::sweep(
      recording_of({publishing("/first"), publishing("/second")}, withdraw_first),
      [&](const Dir &root, Finished finished) -> std::string {
        const std::string found = seen(root);
        if (found != "3: a_2.raw b_1.raw" && (found != "2" + both || finished == Finished::yes))
          return "seen: " + found;
        support::TempRoot other(support::Storage::memory, {{"new/a_1.raw", "other bytes"}});
        base::LinuxSys sys;
        try {
          run(sys, root, [&](const base::Host &host, const bakery::RepositoryRequest &request) {
            bakery::PublishRequest wanted{request};
            wanted.directories = {other.path() + "/new"};
            wanted.lint = bakery::Lint::left_out;
            (void)bakery::publish(host, wanted);
          });
        } catch (const base::Error &error) {
          return error.kind() == base::Kind::config ? "" : error.what();
        }
        return "its bytes could be changed";
      },
      {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
}

TEST_CASE("without the sync before the rename a cut would show files that are not there")
{
  const auto dropped =
      support::drop_each_sync(recording_of({publishing("/first")}, publishing("/second")),
                              {either("1: a_1.raw", "2" + both, publishing("/second"))},
                              {.stop_at = support::StopAt::first_violation});
  const auto before_rename =
      std::find_if(dropped.begin(), dropped.end(), [](const support::Mutation &each) {
        return each.what.find("file system") != std::string::npos;
      });
  REQUIRE(before_rename != dropped.end());
  CHECK(before_rename->is_noticed);
}
