// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/settings.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("overlay/settings");

namespace {

overlay::Settings read(const std::string &text, const std::string &drop_in = "")
{
  support::TestHost machine;
  machine.root.write("etc/strake/extensions.conf", text);
  if (!drop_in.empty())
    machine.root.write("usr/lib/strake/extensions.conf.d/50-more.conf", drop_in);
  return overlay::read_settings(machine.host);
}

std::string refusal(const std::string &text)
{
  try {
    read(text);
  } catch (const base::Error &error) {
    CHECK(error.kind() == base::Kind::config);
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("what is said last counts, and an empty value takes it back")
{
  CHECK(read("").generations_kept == 50);
  CHECK(read("[Generations]\nKeep=3\n").generations_kept == 3);
  CHECK(read("[Generations]\nKeep=3\n", "[Generations]\nKeep=4\n").generations_kept == 4);
  CHECK(read("[Generations]\nKeep=3\n", "[Generations]\nKeep=\n").generations_kept == 50);
  CHECK(read("").size_limit == "20%");
  CHECK(read("[Ephemeral]\nSizeLimit=64M\n").size_limit == "64M");
  CHECK(read("[Ephemeral]\nSizeLimit=64M\n", "[Ephemeral]\nSizeLimit=\n").size_limit == "20%");
  CHECK(read("[X-Other]\nKeep=3\n[Generations]\nX-Keep=2\n").generations_kept == 50);
}

TEST_CASE("each danger has its response, and its default")
{
  using overlay::Response;
  using enum overlay::DangerRule;
  CHECK(read("").dangers[shadows_system] == Response::allow);
  CHECK(read("").dangers[shadows_extension] == Response::warn);
  CHECK(read("").dangers[masks_system] == Response::refuse);
  const std::string keys[] = {"ShadowsSystem",
                              "ShadowsExtension",
                              "Whiteout",
                              "TypeChange",
                              "MasksSystem",
                              "MasksExtension",
                              "SetUser",
                              "Capabilities",
                              "DeviceNode"};
  for (const overlay::DangerFacts &row : overlay::danger_table()) {
    const std::string &key = keys[static_cast<std::size_t>(row.self)];
    overlay::DangerPolicy expected;
    CHECK(read("[Dangers]\n" + key + "=\n").dangers == expected);
    for (const char *value : {"allow", "warn", "refuse"}) {
      expected[row.self] = overlay::find_response(value).value();
      CHECK(read("[Dangers]\n" + key + "=" + value + "\n").dangers == expected);
    }
    CHECK(overlay::find_danger_rule(row.name) == row.self);
  }
  CHECK(refusal("[Dangers]\nSetUser=never\n")
            .find(":2: SetUser=never is no response; write allow, warn or refuse") !=
        std::string::npos);
}

TEST_CASE("what is not understood is an error with its place")
{
  CHECK(refusal("[Generations]\nKeep=0\n").find("extensions.conf:2: Keep=0 is no number") !=
        std::string::npos);
  CHECK(refusal("[Ephemeral]\nSizeLimit=0\n").find("extensions.conf:2: SizeLimit=0 is no size") !=
        std::string::npos);
  CHECK(refusal("[Generations]\nKept=3\n").find("[Generations] Keep=") != std::string::npos);
  CHECK(refusal("[Other]\nKeep=3\n").find("[Other] Keep= is not known") != std::string::npos);
  CHECK(refusal("[Generations]\nKeep\n").find("extensions.conf:2") != std::string::npos);
}

TEST_SUITE_END();
