// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.hpp"
#include "updater/policy.hpp"
#include "updater/state.hpp"
#include "updater/update_setting.hpp"

// Verbs on a machine in memory: what they print, and their exit status.
TEST_SUITE_BEGIN("cli/verbs");

using Strings = std::vector<std::string>;

namespace {

struct Answer {
  int status = 0;
  std::string text;
};

/// Runs the program's inside as a command line would.
Answer ask(World &world, Strings words)
{
  words.insert(words.begin(), "strake");
  std::vector<char *> argv;
  for (std::string &word : words)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  const cli::Options options = cli::parse_options(static_cast<int>(words.size()), argv.data());
  Answer answer;
  answer.status = cli::run_verb(
      world.machine.host, options, [&](std::string_view text) { answer.text += text; });
  return answer;
}

std::string text(World &world, const Strings &words)
{
  const Answer answer = ask(world, words);
  CHECK(answer.status == 0);
  return answer.text;
}

std::string refusal(World &world, const Strings &words)
{
  return World::failure([&] { ask(world, words); });
}

/// Without the path of the temporary directory.
std::string beneath_root(World &world, std::string said)
{
  const std::string &root = world.root().path();
  for (std::size_t at = said.find(root); at != std::string::npos; at = said.find(root))
    said.erase(at, root.size());
  return said;
}

bool has_state(World &world)
{
  return updater::find_state(world.machine.host).has_value();
}

void add_feature(World &world, const std::string &name)
{
  world.root().write("etc/sysupdate.d/" + name + ".feature",
                     "[Feature]\nDescription=All of " + name + "\n");
}

} // namespace

TEST_CASE("list shows each version with its marks, and in a plain locale with ASCII")
{
  World world;
  world.install("1");
  world.offer("2");
  CHECK(text(world, {"list"}) == "  VERSION INSTALLED AVAILABLE ASSESSMENT\n"
                                 "↻ 2                     ✓     candidate\n"
                                 "● 1           ✓         ✓     current\n");
  world.machine.host.environment["LANG"] = "C";
  CHECK(text(world, {"--no-legend", "list"}) == "* 2   + candidate\n"
                                                "* 1 + + current\n");
}

TEST_CASE("list without a version to show has headers only")
{
  World world;
  CHECK(text(world, {"--offline", "list"}) == "  VERSION INSTALLED AVAILABLE ASSESSMENT\n");
  CHECK(text(world, {"--offline", "--json=short", "list"}) ==
        R"({"current":null,"all":[],"appstreamUrls":[]})"
        "\n");
}

TEST_CASE("list of a version tells its parts, and its change logs even if it is not complete")
{
  World world;
  world.define("20-boot",
               "MatchPattern=boot-@v.efi",
               "Type=regular-file\nPathRelativeTo=esp\nPath=/EFI/Linux\nMatchPattern=boot_@v.efi",
               "ChangeLog=https://example.com/@v\nChangeLog=https://example.com/all");
  world.install("1");
  std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/boot_1.efi");
  CHECK(beneath_root(world, text(world, {"--offline", "list", "1"})) ==
        "● Version: 1\n"
        "    State: current+incomplete\n"
        "Installed: yes (newest) (incomplete)\n"
        "Available: no\n"
        "Protected: no\n"
        " Obsolete: no\n"
        "ChangeLog: https://example.com/1\n"
        "ChangeLog: https://example.com/all\n"
        "\n"
        "TYPE      PATH       PTUUID                               PTFLAGS RO\n"
        "partition /disk.raw1 5ea7ed00-0000-4000-8000-000000000001       0 no\n");
  CHECK(refusal(world, {"--offline", "list", "7"}) ==
        "not_found: Update '7' not found; \"list\" without a version shows those there are");
}

TEST_CASE("check-new prints the newer version, and says no by its status")
{
  World world;
  world.install("1");
  CHECK(ask(world, {"check-new"}).status == cli::exit_no);
  CHECK(ask(world, {"check-new"}).text.empty());
  CHECK(ask(world, {"--json=short", "check-new"}).text == "{\"available\":null}\n");
  world.offer("2");
  CHECK(text(world, {"check-new"}) == "2\n");
  CHECK(text(world, {"--json=short", "check-new"}) == "{\"available\":\"2\"}\n");
}

TEST_CASE("plan and --dry-run tell each step, what it costs, and what was not chosen")
{
  World world;
  world.install("1");
  world.offer("2");
  const auto squeezed = [&](const Strings &words) {
    std::string line = beneath_root(world, text(world, words));
    for (std::size_t at = line.find("  "); at != std::string::npos; at = line.find("  "))
      line.erase(at, 1);
    return line;
  };
  const std::string plan = squeezed({"plan"});
  CHECK(plan.starts_with("Would update to 2.\n\n"
                         "TRANSFER ACTION PLACE TO FETCH TO WRITE OVERWRITES THEN REMOVES\n"));
  CHECK(plan.find("\n10-root acquire /disk.raw2 ") != std::string::npos);
  CHECK(plan.find("\n20-boot acquire /efi/EFI/Linux/boot_2.efi ") != std::string::npos);
  CHECK(squeezed({"update", "--dry-run"}) == plan);
  CHECK(squeezed({"--no-legend", "plan"}).find("TRANSFER") == std::string::npos);
  CHECK(world.slot(2) == "_empty");

  ask(world, {"skip", "2"});
  CHECK(squeezed({"plan"}).starts_with("Nothing to do.\n\nNot 2: "));
}

TEST_CASE("plan names the place where downloads will wait, before anything has made it")
{
  World world;
  world.define("20-boot",
               "MatchPattern=boot-@v.efi.zst",
               "Type=regular-file\nPath=/srv\nMatchPattern=boot_@v.efi");
  world.serve("root-1.raw", World::payload("root-1.raw"));
  world.serve("boot-1.efi.zst", std::string(700, 'x'));
  CHECK(
      beneath_root(world, text(world, {"plan"}))
          .find("\n700B of downloads wait in /var/lib/strake/staging until they are verified; ") !=
      std::string::npos);
  CHECK_FALSE(has_state(world));
}

TEST_CASE("a dry run with all components tells of each of them")
{
  World world;
  world.offer("1");
  world.root().write("etc/sysupdate.app.d/10-app.transfer",
                     fmt::format("[Transfer]\nVerify=no\n[Source]\nType=url-file\nPath={}\n"
                                 "MatchPattern=boot-@v.efi\n[Target]\nPath=/opt\n"
                                 "MatchPattern=app-@v\n",
                                 World::server));
  const std::string told = text(world, {"-n", "-A", "acquire"});
  CHECK(told.starts_with("The host:\nWould acquire 1.\n"));
  CHECK(told.find("Component app:\nWould acquire 1.\n") != std::string::npos);
  CHECK(text(world, {"-n", "-C", "app", "--json=short", "update"})
            .starts_with(R"({"component":"app","version":"1","steps":[)"));
  CHECK_FALSE(has_state(world));
}

TEST_CASE("a reboot in a dry run is told, and not begun")
{
  World world;
  world.install("1");
  world.run_version("1");
  CHECK(text(world, {"-n", "reboot"}) == "No reboot is needed.\n");
  world.install("2");
  CHECK(text(world, {"-n", "reboot"}) == "would reboot\n");
  CHECK(ask(world, {"pending"}).status == 0);
}

TEST_CASE("what is decided about versions is told without being done in a dry run")
{
  World world;
  world.offer("1");
  CHECK(text(world, {"-n", "pin", "1"}) == "would install no other version than 1\n");
  CHECK(text(world, {"-n", "hold"}) == "would install nothing until released\n");
  CHECK(text(world, {"-n", "skip", "1"}) == "would skip 1\n");
  CHECK(text(world, {"-n", "release"}) == "Nothing would change.\n");
  CHECK_FALSE(has_state(world));

  CHECK(text(world, {"pin", "1"}).empty());
  ask(world, {"hold"});
  ask(world, {"skip", "2"});
  CHECK(text(world, {"-n", "pin", "1"}) == "Nothing would change.\n");
  CHECK(text(world, {"-n", "release", "2"}) == "would not skip 2 any more\n");
  CHECK(text(world, {"-n", "release"}) == "would lift the pin to 1\n"
                                          "would lift the hold\n"
                                          "would not skip 2 any more\n");
}

TEST_CASE("decisions about versions are one JSON value, in a dry run that of afterwards")
{
  World world;
  CHECK(text(world, {"--json=short", "pin", "1"}) ==
        R"({"pin":"1","hold":false,"skipped":[],"rolledBackTo":null})"
        "\n");
  CHECK(text(world, {"--json=short", "-n", "skip", "2"}) ==
        R"({"pin":"1","hold":false,"skipped":["2"],"rolledBackTo":null})"
        "\n");
  CHECK(text(world, {"--json=short", "release"}) ==
        R"({"pin":null,"hold":false,"skipped":[],"rolledBackTo":null})"
        "\n");
}

TEST_CASE("switching features tells the drop-ins, and writes none in a dry run")
{
  World world;
  add_feature(world, "extra");
  add_feature(world, "other");
  const std::string drop_in = "/etc/sysupdate.d/extra.feature.d/50-systemd-sysupdate-enabled.conf";
  CHECK(text(world, {"-n", "enable-feature", "extra"}) == "would write " + drop_in + "\n");
  CHECK(text(world, {"-n", "--json=short", "enable-feature", "extra"}) ==
        "{\"wouldWrite\":[\"" + drop_in + "\"]}\n");
  CHECK(text(world, {"-n", "--feature-suggested", "enable-feature"}) == "Nothing to write.\n");
  CHECK_FALSE(has_state(world));
  CHECK_FALSE(world.root().exists(drop_in.substr(1)));

  CHECK(text(world, {"enable-feature", "extra"}).empty());
  CHECK(world.root().read(drop_in.substr(1)).find("Enabled=yes") != std::string::npos);
  CHECK(text(world, {"--json=short", "disable-feature", "extra"}) ==
        "{\"written\":[\"" + drop_in + "\"]}\n");
  CHECK(world.root().read(drop_in.substr(1)).find("Enabled=no") != std::string::npos);
}

TEST_CASE("switching components tells the drop-ins, and writes none in a dry run")
{
  World world;
  world.root().write("etc/sysupdate.app.d/", "");
  const std::string drop_in = "/etc/sysupdate.app.component.d/50-systemd-sysupdate-enabled.conf";
  CHECK(text(world, {"-n", "disable-component", "app"}) == "would write " + drop_in + "\n");
  CHECK_FALSE(world.root().exists(drop_in.substr(1)));
  CHECK(refusal(world, {"-n", "disable-component", "apple"}) ==
        "not_found: Component not found: apple");
  CHECK(text(world, {"--json=short", "disable-component", "app"}) ==
        "{\"written\":[\"" + drop_in + "\"]}\n");
}

TEST_CASE("the transfers of a feature stand beside each other")
{
  World world;
  add_feature(world, "extra");
  for (const std::string name : {"30-one", "31-two"})
    world.define(name,
                 "MatchPattern=" + name + "-@v",
                 "Type=regular-file\nPath=/opt\nMatchPattern=" + name + "_@v",
                 "Features=extra");
  CHECK(text(world, {"features", "extra"}) == "         KEY VALUE\n"
                                              "       Name: extra\n"
                                              "    Enabled: no\n"
                                              "  Suggested: no\n"
                                              "Description: All of extra\n"
                                              "  Transfers: 30-one 31-two\n");
  CHECK(text(world, {"features"}) == "ENABLED SUGGESTED FEATURE DESCRIPTION  DOCUMENTATION\n"
                                     "✗       ✗         extra   All of extra -\n"
                                     "\n"
                                     "1 features listed.\n");
}

TEST_CASE("an update tells in JSON what came of it")
{
  World world;
  world.offer("1");
  CHECK(text(world, {"--json=short", "update"}) ==
        R"({"component":null,"outcome":"installed","version":"1","removed":0,)"
        R"("disabledTransfers":0})"
        "\n");
  CHECK(text(world, {"--json=short", "update"}) ==
        R"({"component":null,"outcome":"nothing-newer","version":null})"
        "\n");
}

TEST_CASE("a vacuum and a cleanup name what they would remove, and count what they did")
{
  World world;
  world.define("30-extra",
               "MatchPattern=root-@v.raw",
               "Type=regular-file\nPath=/opt\nMatchPattern=extra_@v.raw");
  world.install("1");
  world.root().write("opt/.#sysupdate", "");
  CHECK(beneath_root(world, text(world, {"-n", "vacuum"})) == "would remove /opt/.#sysupdate\n");
  CHECK(text(world, {"vacuum", "--json=short"}) == "{\"removed\":0,\"disabledTransfers\":0}\n");
  CHECK(text(world, {"-n", "vacuum"}) == "Found nothing to remove.\n");

  CHECK(text(world, {"-n", "cleanup"}) == "Found nothing to remove.\n");
  std::filesystem::remove(world.root().path() + "/etc/sysupdate.d/30-extra.transfer");
  CHECK(beneath_root(world, text(world, {"-n", "cleanup"})) == "would remove /opt/extra_1.raw\n");
  CHECK(beneath_root(world, text(world, {"-n", "--json=short", "cleanup"})) ==
        "{\"component\":null,\"wouldRemove\":[\"/opt/extra_1.raw\"]}\n");
  CHECK(text(world, {"--json=short", "cleanup"}) == "{\"component\":null,\"removed\":1}\n");
  CHECK(text(world, {"cleanup"}).empty());
}

TEST_CASE("verbs and arguments that make no sense are refused before anything is done")
{
  World world;
  const auto usage = [&](const Strings &words) { return refusal(world, words); };
  CHECK(usage({"upgrade"}) == "usage: Unknown command verb 'upgrade'; --help lists them");
  CHECK(usage({"check-new", "1"}) == "usage: Too many arguments.");
  CHECK(usage({"pin"}) == "usage: Too few arguments: pin VERSION");
  CHECK(usage({"list", "1/2"}) ==
        "usage: \"1/2\" is not a version: it takes 1 to 255 letters, digits and .-~^+_");
  CHECK(usage({"-n", "list"}) ==
        "usage: 'list' changes nothing, so --dry-run has no meaning with it");
  CHECK(usage({"-C", "a/b", "list"}) == "usage: Component name invalid: a/b");
  CHECK(usage({"-m", "1", "update"}) ==
        "usage: --instances-max= must be at least 2 when updating: one version stays in effect "
        "while the other is written");
  CHECK(usage({"--cleanup=no", "cleanup"}) ==
        "usage: 'cleanup' and --cleanup=no are contradictory.");
  CHECK(usage({"-A", "list"}) == "usage: --component-all is not supported by 'list'.");
  CHECK(usage({"-S", "update"}) == "usage: --component-suggested is not supported by 'update'.");
  CHECK(usage({"-a", "vacuum"}) ==
        "usage: --feature-all/--feature-suggested is not supported by 'vacuum'.");
  CHECK(usage({"--definitions=/d", "-C", "app", "list"}) ==
        "usage: The --definitions= and --component=/--component-all/--component-suggested switches "
        "may not be combined.");
  CHECK(usage({"-A", "update", "1"}) ==
        "usage: A VERSION may not be combined with --component-all.");
  CHECK(usage({"-A", "--reboot", "update"}) ==
        "usage: The --reboot switch may not be combined with --component=, --component-all, "
        "--root= or --image=.");
  CHECK(usage({"enable-feature"}) ==
        "usage: No feature specified; name some, or say --feature-all or --feature-suggested.");
  CHECK(usage({"-a", "enable-feature", "x"}) ==
        "usage: Name features, or say --feature-all or --feature-suggested, but not both.");
  CHECK(usage({"enable-component"}) ==
        "usage: No component specified; name some, or say --component-all or "
        "--component-suggested.");
  CHECK(usage({"-A", "enable-component", "x"}) ==
        "usage: Name components, or say --component=, --component-all or --component-suggested, "
        "but not both.");
  CHECK_FALSE(has_state(world));
}
