// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/danger_check.hpp"
#include "overlay/dangers.hpp"
#include "support/private_mounts.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <vector>

TEST_SUITE_BEGIN("overlay/dangers");

namespace {

using overlay::Danger;
using overlay::DangerLayer;
using overlay::DangerRule;
using overlay::DangerScope;
using overlay::Response;
using Lines = std::vector<std::string>;

/// Trees of extensions, "a/usr/bin/x", and the system's, "system/usr/bin/x".
class Layers : public support::TempRoot {
public:
  std::set<std::string> signed_ones;
  std::set<std::string> unchanged;
  Lines covered;
  overlay::DangerPolicy policy;
  DangerScope scope = DangerScope::all;

  [[nodiscard]] std::string at(const std::string &name) const { return path() + "/" + name; }

  void whiteout(const std::string &name) const
  {
    write(name, "");
    REQUIRE(::unlink(at(name).c_str()) == 0);
    REQUIRE(::mknod(at(name).c_str(), S_IFCHR | 0600, makedev(0, 0)) == 0);
  }

  void attribute(const std::string &name, const char *key, const std::string &value) const
  {
    REQUIRE(::setxattr(at(name).c_str(), key, value.data(), value.size(), 0) == 0);
  }

  void mode(const std::string &name, mode_t mode) const
  {
    REQUIRE(::chmod(at(name).c_str(), mode) == 0);
  }

  [[nodiscard]] overlay::DangerReport report(const Lines &topmost_first) const
  {
    overlay::DangerSearch search{
        .hierarchy = "/usr", .layers = {}, .covered = covered, .scope = scope};
    std::deque<overlay::ExtensionTree> trees;
    for (const std::string &name : topmost_first) {
      const bool is_system = name == "system";
      trees.emplace_back(dir().dir(is_system ? "system/usr" : name), is_system ? "/usr" : "");
      search.layers.push_back({.name = is_system ? "(system)" : name,
                               .tree = &trees.back(),
                               .is_signed = signed_ones.contains(name),
                               .policy = policy,
                               .is_examined = !unchanged.contains(name)});
    }
    return overlay::find_dangers(search);
  }

  /// "rule extension other count paths" of each.
  [[nodiscard]] Lines found(const Lines &topmost_first) const
  {
    Lines lines;
    for (const Danger &each : report(topmost_first).dangers)
      lines.push_back(fmt::format("{} {} {} {} {}",
                                  overlay::facts(each.rule).name,
                                  each.extension,
                                  each.other.empty() ? "-" : each.other,
                                  each.count,
                                  fmt::join(each.paths, " ")));
    return lines;
  }
};

Danger danger(DangerRule rule,
              const std::string &extension,
              const std::string &other,
              Response response = Response::refuse)
{
  return {.rule = rule,
          .extension = extension,
          .other = other,
          .response = response,
          .count = 1,
          .paths = {"/usr/" + other}};
}

Lines names_of(const std::vector<overlay::LeftOut> &all)
{
  Lines names;
  for (const overlay::LeftOut &each : all)
    names.push_back(each.name);
  return names;
}

} // namespace

TEST_CASE("extensions that only add files are no danger, and directories merge")
{
  const Layers layers;
  layers.write("a/usr/share/a/file", "a");
  layers.write("b/usr/share/b/file", "b");
  layers.write("system/usr/share/base", "base");
  CHECK(layers.found({"b", "a", "system"}).empty());
}

TEST_CASE("a file lies over those of all layers under it, unless it is the same")
{
  const Layers layers;
  for (const char *each : {"a", "b", "c", "system"})
    layers.write(std::string(each) + "/usr/bin/x", each);
  for (const char *each : {"a", "b", "system"}) {
    layers.write(std::string(each) + "/usr/bin/same", "same");
    layers.write(std::string(each) + "/usr/bin/link", "-> same");
  }
  CHECK(layers.found({"c", "b", "a", "system"}) == Lines{"shadows-system c (system) 1 /usr/bin/x",
                                                         "shadows-extension c b 1 /usr/bin/x",
                                                         "shadows-extension c a 1 /usr/bin/x",
                                                         "shadows-system b (system) 1 /usr/bin/x",
                                                         "shadows-extension b a 1 /usr/bin/x",
                                                         "shadows-system a (system) 1 /usr/bin/x"});
  layers.mode("a/usr/bin/same", 0600);
  layers.mode("b/usr/bin/same", 0644);
  layers.mode("system/usr/bin/same", 0644);
  CHECK(layers.found({"b", "a"}).front() == "shadows-extension b a 2 /usr/bin/same /usr/bin/x");
}

TEST_CASE("what lies under the system hides nothing of it, and is hidden by whom lies above")
{
  const Layers layers;
  layers.write("above/usr/x", "above");
  layers.write("system/usr/x", "system");
  layers.write("below/usr/x", "below");
  CHECK(layers.found({"above", "system", "below"}) ==
        Lines{"shadows-system above (system) 1 /usr/x", "shadows-extension above below 1 /usr/x"});
}

TEST_CASE("a whiteout removes a file, or hides a directory, and one that hides nothing is none")
{
  const Layers layers;
  layers.whiteout("a/usr/file");
  layers.whiteout("a/usr/share");
  layers.whiteout("a/usr/empty");
  layers.whiteout("a/usr/nothing");
  layers.write("b/usr/nothing", "");
  layers.write("system/usr/file", "");
  layers.write("system/usr/share/doc", "");
  layers.write("system/usr/empty/", "");
  CHECK(layers.found({"a", "system"}) == Lines{"whiteout a (system) 2 /usr/empty /usr/file",
                                               "masks-system a (system) 1 /usr/share"});
  // What lies over a whiteout takes nothing away from it.
  CHECK(layers.found({"b", "a"}).empty());
}

TEST_CASE("an opaque directory hides the one under it, and what is in it hides nothing any more")
{
  const Layers layers;
  layers.write("a/usr/share/x", "a");
  layers.write("b/usr/share/x", "b");
  layers.write("system/usr/share/x", "system");
  layers.attribute("b/usr/share", "user.overlay.opaque", "y");
  CHECK(layers.found({"b", "system"}) == Lines{"masks-system b (system) 1 /usr/share"});
  CHECK(layers.found({"b", "a", "system"}) == Lines{"masks-system b (system) 1 /usr/share",
                                                    "masks-extension b a 1 /usr/share",
                                                    "shadows-system a (system) 1 /usr/share/x"});
  // Nor does anything deeper in it.
  layers.write("b/usr/share/doc/y", "b");
  layers.write("system/usr/share/doc/y", "system");
  CHECK(layers.found({"b", "system"}) == Lines{"masks-system b (system) 1 /usr/share"});
  layers.write("c/usr/share/", "");
  layers.attribute("c/usr/share", "user.overlay.redirect", "/lib");
  CHECK(layers.found({"c", "system"}) == Lines{"masks-system c (system) 1 /usr/share"});
  // An attribute that means nothing to overlays.
  layers.write("d/usr/share/y", "");
  layers.attribute("d/usr/share", "user.overlay.opaque", "n");
  layers.attribute("d/usr/share", "user.note", std::string(300, 'x'));
  CHECK(layers.found({"d", "system"}).empty());
}

TEST_CASE("a file that is a whiteout by its attribute counts where its directory says so")
{
  const Layers layers;
  layers.write("a/usr/x", "");
  layers.attribute("a/usr/x", "user.overlay.whiteout", "");
  layers.write("system/usr/x", "system");
  CHECK(layers.found({"a", "system"}) == Lines{"shadows-system a (system) 1 /usr/x"});
  layers.attribute("a/usr", "user.overlay.opaque", "x");
  CHECK(layers.found({"a", "system"}) == Lines{"whiteout a (system) 1 /usr/x"});
}

TEST_CASE("what changes its type is a danger, more so if a full directory goes with it")
{
  const Layers layers;
  layers.write("a/usr/share", "a file");
  layers.write("a/usr/lib", "-> share");
  layers.write("a/usr/empty", "");
  layers.write("a/usr/file/", "");
  layers.write("a/usr/link", "a file");
  REQUIRE(::mkfifo(layers.at("a/usr/pipe").c_str(), 0600) == 0);
  layers.write("system/usr/share/x", "");
  layers.write("system/usr/lib/x", "");
  layers.write("system/usr/empty/", "");
  layers.write("system/usr/file", "");
  layers.write("system/usr/link", "-> file");
  layers.write("system/usr/pipe", "");
  CHECK(layers.found({"a", "system"}) ==
        Lines{"shadows-system a (system) 1 /usr/link",
              "type-change a (system) 3 /usr/empty /usr/file /usr/pipe",
              "masks-system a (system) 2 /usr/lib /usr/share"});
}

TEST_CASE("a directory in place of a symlink to one hides that: /usr/sbin of a system without it")
{
  const Layers layers;
  layers.write("a/usr/sbin/tool", "");
  layers.write("a/usr/lib64/tool", "");
  layers.write("system/usr/bin/mount", "");
  layers.write("system/usr/sbin", "-> bin");
  layers.write("system/usr/lib64", "-> nowhere");
  CHECK(layers.found({"a", "system"}) ==
        Lines{"type-change a (system) 1 /usr/lib64", "masks-system a (system) 1 /usr/sbin"});
}

TEST_CASE("programs that change their user, capabilities and devices count where nobody signed")
{
  support::enter_private_mounts();
  Layers layers;
  layers.write("a/usr/bin/su", "");
  layers.mode("a/usr/bin/su", 04755);
  layers.write("a/usr/bin/wall", "");
  layers.mode("a/usr/bin/wall", 02755);
  layers.write("a/usr/bin/locked", "");
  layers.mode("a/usr/bin/locked", 02644);
  layers.write("a/usr/bin/ping", "");
  layers.mode("a/usr/bin/ping", 0755);
  using namespace std::string_literals;
  const std::string raw = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00"
                          "\x00\x00\x00\x00\x00\x00\x00\x00"s; // cap_net_raw=ep
  layers.attribute("a/usr/bin/ping", "security.capability", raw);
  CHECK(layers.found({"a"}) ==
        Lines{"set-user a - 2 /usr/bin/su /usr/bin/wall", "capabilities a - 1 /usr/bin/ping"});
  layers.write("b/usr/bin/other", "");
  layers.unchanged = {"a"};
  CHECK(layers.found({"b", "a"}).empty());
  layers.unchanged = {};
  layers.signed_ones = {"a"};
  CHECK(layers.found({"b", "a"}).empty());

  overlay::ExtensionTree devices(base::Dir::open_root("/dev"), "/usr");
  const auto report = overlay::find_dangers({.hierarchy = "/usr",
                                             .layers = {{.name = "d", .tree = &devices}},
                                             .scope = DangerScope::all});
  REQUIRE_FALSE(report.dangers.empty());
  CHECK(report.dangers.front().rule == DangerRule::device_node);
  CHECK(report.dangers.front().paths.size() <= overlay::paths_kept);
}

TEST_CASE("where something else is mounted nothing is hidden")
{
  Layers layers;
  layers.write("a/usr/local/x", "a");
  layers.write("system/usr/local/x", "system");
  layers.covered = {"local"};
  CHECK(layers.found({"a", "system"}).empty());
}

TEST_CASE("one that cannot be read is set aside, and the others are compared without it")
{
  const Layers layers;
  layers.write("a/usr/x", "a");
  layers.write("b/usr", "no directory");
  layers.write("system/usr/x", "system");
  const auto report = layers.report({"b", "a", "system"});
  REQUIRE(report.dangers.size() == 1);
  CHECK(report.dangers.front().extension == "a");
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults.at("b").what() ==
        std::string("cannot open the directory ") + layers.at("b/usr") + ": Not a directory");

  overlay::ExtensionTree system(layers.dir().dir("b"), "");
  CHECK_THROWS_AS((void)overlay::find_dangers(
                      {.hierarchy = "/usr", .layers = {{.name = "(system)", .tree = &system}}}),
                  base::Error);
}

TEST_CASE("what has not changed is only compared with what has")
{
  Layers layers;
  for (const char *each : {"a", "b", "c", "system"})
    layers.write(std::string(each) + "/usr/x", each);
  layers.unchanged = {"a", "c"};
  CHECK(layers.found({"c", "b", "a", "system"}) == Lines{"shadows-extension c b 1 /usr/x",
                                                         "shadows-system b (system) 1 /usr/x",
                                                         "shadows-extension b a 1 /usr/x"});
  // Many names are compared in step, and not looked up one by one.
  for (int number = 10; number < 40; ++number) {
    layers.write(fmt::format("b/usr/b{}", number), "");
    layers.write(fmt::format("system/usr/b{}-and-more", number), "");
  }
  layers.write("system/usr/b20", "system");
  CHECK(layers.found({"c", "b", "a", "system"}) ==
        Lines{"shadows-extension c b 1 /usr/x",
              "shadows-system b (system) 2 /usr/b20 /usr/x",
              "shadows-extension b a 1 /usr/x"});
  layers.unchanged = {"a", "b", "c"};
  CHECK(layers.found({"c", "b", "a", "system"}).empty());
}

TEST_CASE("what the policy allows is only looked for when all is asked for, and of many the first "
          "are kept")
{
  Layers layers;
  for (int number = 10; number < 40; ++number)
    for (const char *each : {"a", "system"})
      layers.write(fmt::format("{}/usr/x{}", each, number), each);
  layers.scope = DangerScope::not_allowed;
  CHECK(layers.found({"a", "system"}).empty());
  layers.policy[DangerRule::shadows_system] = Response::warn;
  const auto dangers = layers.report({"a", "system"}).dangers;
  REQUIRE(dangers.size() == 1);
  CHECK(dangers.front().count == 30);
  CHECK(dangers.front().paths.size() == overlay::paths_kept);
  CHECK(dangers.front().paths.back() == "/usr/x19");
  CHECK(dangers.front().response == Response::warn);
  CHECK(overlay::describe(dangers) ==
        "it replaces files of the system (30): /usr/x10, /usr/x11, /usr/x12 and 27 more");
}

TEST_CASE("refused are, from the lowest up, those that harm what stays")
{
  using enum DangerRule;
  const Lines order = {"a", "b", "c"};
  CHECK(overlay::refused({danger(masks_system, "b", "(system)", Response::warn)}, order).empty());
  // c would hide something of b, which goes; so c stays.
  CHECK(names_of(overlay::refused(
            {danger(shadows_extension, "c", "b"), danger(masks_system, "b", "(system)")}, order)) ==
        Lines{"b"});
  CHECK(names_of(overlay::refused({danger(shadows_extension, "c", "b"),
                                   danger(shadows_extension, "c", "a"),
                                   danger(shadows_extension, "b", "a")},
                                  order)) == Lines{"b", "c"});
  const auto gone =
      overlay::refused({danger(masks_system, "a", "(system)"), danger(set_user, "a", "")}, order);
  REQUIRE(gone.size() == 1);
  CHECK(gone.front().verdict.rule == "masks-system");
  CHECK(gone.front().verdict.why == "it hides whole directories of the system (1): /usr/(system)");
  CHECK(gone.front().verdict.fix == "take that out of the image, or write "
                                    "AllowDangers=masks-system in /etc/strake/extensions/a.conf");
}

TEST_CASE("dangers of one extension and rule are told as one, whatever is in their names")
{
  using enum DangerRule;
  std::vector<Danger> dangers = {danger(shadows_extension, "c", "b"),
                                 danger(set_user, "c", ""),
                                 danger(shadows_extension, "c", "a")};
  CHECK(overlay::describe({dangers[0], dangers[0]}) == "it replaces files of b and b (2): /usr/b");
  dangers[2].paths = {"/usr/\x1b[2J"};
  const auto groups = overlay::by_rule(dangers);
  REQUIRE(groups.size() == 2);
  CHECK(overlay::describe(groups[0]) ==
        "it replaces files of b and a (2): /usr/b and /usr/\\x1b[2J");
  CHECK(overlay::describe(groups[1]) ==
        "nobody signed it, and it has programs that run as their owner or group (1): /usr/");
}

TEST_SUITE_END();
