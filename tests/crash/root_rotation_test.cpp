// SPDX-License-Identifier: Apache-2.0
// The power is cut at every moment while a change of keys is made and put in force: what a client
// can fetch always has its signatures, and the next call goes on.
#include "bakery/root_rotation.hpp"
#include "base/error.hpp"
#include "crash/setting.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("crash/root_rotation");

using base::Dir;
using base::Sys;
using support::Finished;
using verity::TrustRoot;

namespace {

const bakery::SigningKey signer = bakery::SigningKey::generate();
const bakery::SigningKey release = bakery::SigningKey::generate();
const bakery::SigningKey next_release = bakery::SigningKey::generate();

void rotate(Sys &sys, const Dir &root, const bakery::RootChange &change)
{
  support::TestHost machine(support::Storage::memory);
  const base::Host host{.sys = sys,
                        .programs = machine.programs,
                        .fetcher = machine.fetcher,
                        .clock = machine.clock,
                        .log = [](base::Level, std::string_view) {},
                        .environment = {},
                        .root = root.again(),
                        .machine = root.again(),
                        .is_running_system = false};
  bakery::rotate(host, {.directory = root.path(), .change = change, .key = &signer});
}

void begin(Sys &sys, const Dir &root)
{
  rotate(sys,
         root,
         {.repository = "extensions.example",
          .root_keys = {signer.public_key()},
          .release_keys = {release.public_key()}});
}

void go_on(Sys &sys, const Dir &root)
{
  rotate(
      sys, root, {.release_keys = {next_release.public_key()}, .retired = {release.public_key()}});
}

support::Recording going_on()
{
  const support::TempRoot root(support::Storage::memory);
  base::LinuxSys real;
  begin(real, root.dir());
  support::Recorder sys(root.dir());
  go_on(sys, root.dir());
  return sys.recording();
}

/// The version that clients come to; 0 where one of them is no good.
std::uint64_t seen(const Dir &root)
{
  std::optional<TrustRoot> newest;
  for (std::uint64_t version = 1; version <= 2; ++version) {
    const std::string file = fmt::format("{}.root.json", version);
    const auto text = root.text(file);
    const std::string signatures = root.text(file + ".minisig").value_or("");
    if (!text)
      break;
    try {
      newest = newest ? verity::follow_root(*newest, *text, signatures)
                      : verity::parse_trust_root(*text, file);
    } catch (const base::Error &) {
      return 0;
    }
  }
  return newest ? newest->version : 0;
}

std::string old_or_new(const Dir &root, Finished finished)
{
  const std::uint64_t found = seen(root);
  if (found != 2 && (found != 1 || finished == Finished::yes))
    return fmt::format("seen: {}", found);
  base::LinuxSys sys;
  try {
    if (root.text("next.root.json"))
      rotate(sys, root, {});
    else if (found == 1)
      go_on(sys, root);
  } catch (const base::Error &error) {
    if (error.kind() != base::Kind::usage) // nothing waits any more
      return std::string("the next run: ") + error.what();
  }
  if (seen(root) != 2 || root.text("root.json") != root.text("2.root.json"))
    return "the next run does not put it in force";
  return root.text("next.root.json") ? "the next run leaves its draft" : "";
}

} // namespace

TEST_CASE("a cut while keys change leaves the old ones or the new ones, each with its signatures")
{
  const auto result = support::sweep(going_on(), old_or_new, {});
  MESSAGE(result.summary());
  CHECK(result.violations == 0);
  CHECK(result.states >= 20);
}

TEST_SUITE_END();
