// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "overlay/configuration.hpp"
#include "support/test_host.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>

TEST_SUITE_BEGIN("overlay/configuration");

using base::Kind;
using overlay::Class;
using overlay::Configuration;
using overlay::Mutability;
using support::TestHost;

namespace {

Configuration read(const TestHost &machine,
                   Class extension_class = Class::sysext,
                   std::optional<Mutability> option = std::nullopt,
                   const std::optional<std::string> &policy = std::nullopt)
{
  return overlay::read_configuration(machine.host, extension_class, option, policy);
}

std::string refusal(const TestHost &machine, Kind kind)
{
  try {
    (void)read(machine);
  } catch (const base::Error &error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("nothing was refused");
  return {};
}

/// What a policy does with a root partition that has no protection: "use", "ignore" or "refuse".
std::string unprotected_root(const verity::ImagePolicy &policy)
{
  try {
    return policy.judge("root", {}) == verity::PartitionUse::use ? "use" : "ignore";
  } catch (const base::Error &) {
    return "refuse";
  }
}

bool may_lack_root(const verity::ImagePolicy &policy)
{
  try {
    policy.judge_absence("root");
    return true;
  } catch (const base::Error &) {
    return false;
  }
}

std::string place(const TestHost &machine, const std::string &path)
{
  return machine.root.dir().display(path);
}

} // namespace

TEST_CASE("without any configuration nothing is mutable and the hierarchies are the class's own")
{
  const TestHost machine;
  const Configuration sysext = read(machine);
  CHECK(sysext.mutability == Mutability::no);
  CHECK_FALSE(sysext.policy);
  CHECK(sysext.hierarchies == std::vector<std::string>{"/usr", "/opt"});
  CHECK_FALSE(sysext.mount_options);
  CHECK(read(machine, Class::confext).hierarchies == std::vector<std::string>{"/etc"});
  CHECK(machine.said.empty());
}

TEST_CASE("an option counts more than the environment, that more than the file, that more than no")
{
  TestHost machine;
  machine.root.write("usr/lib/systemd/sysext.conf", "[SysExt]\nMutable=auto\n");
  CHECK(read(machine).mutability == Mutability::automatic);
  CHECK(read(machine, Class::confext).mutability == Mutability::no);
  machine.root.write("etc/systemd/sysext.conf.d/10.conf", "[SysExt]\nMutable=import\n");
  CHECK(read(machine).mutability == Mutability::import);
  machine.root.write("run/systemd/sysext.conf", "[SysExt]\nMutable=yes\n");
  CHECK(read(machine).mutability == Mutability::import);
  machine.host.environment["SYSTEMD_SYSEXT_MUTABLE_MODE"] = "ephemeral";
  CHECK(read(machine).mutability == Mutability::ephemeral);
  CHECK(read(machine, Class::confext).mutability == Mutability::no);
  CHECK(read(machine, Class::sysext, Mutability::no).mutability == Mutability::no);
  CHECK(machine.said.empty());
}

TEST_CASE("an empty value takes the mode and the policy of an earlier file back")
{
  const TestHost machine;
  machine.root.write("etc/systemd/sysext.conf", "[SysExt]\nMutable=auto\nImagePolicy=~\n");
  machine.root.write("etc/systemd/sysext.conf.d/10.conf", "[SysExt]\nMutable=\nImagePolicy=\n");
  CHECK(read(machine).mutability == Mutability::no);
  CHECK_FALSE(read(machine).policy);
}

TEST_CASE("what is not known in systemd's file is named once with its place and passed over")
{
  const TestHost machine;
  machine.root.write("etc/systemd/sysext.conf",
                     "[SysExt]\nMutable=sometimes\nNoise=1\nX-Ours=1\n[ConfExt]\nMutable=yes\n"
                     "[X-Notes]\nMutable=2\n[SysExt]\nnothing\n");
  CHECK(read(machine).mutability == Mutability::no);
  REQUIRE(machine.said.size() == 4);
  const std::string file = place(machine, "etc/systemd/sysext.conf");
  CHECK(machine.said[0].starts_with(file + ":10: \"nothing\""));
  CHECK(machine.said[1] ==
        file + ":2: Mutable=sometimes is no mode and was ignored; there are no, yes, auto, import, "
               "ephemeral, ephemeral-import");
  CHECK(machine.said[2].starts_with(file + ":3: [SysExt] Noise= is not known and was ignored"));
  CHECK(machine.said[3].starts_with(file + ":6: [ConfExt] Mutable= is not known and was ignored"));
}

TEST_CASE("a mode in the environment that is none is named and passed over")
{
  TestHost machine;
  machine.root.write("etc/systemd/sysext.conf", "[SysExt]\nMutable=auto\n");
  machine.host.environment["SYSTEMD_SYSEXT_MUTABLE_MODE"] = "often";
  CHECK(read(machine).mutability == Mutability::automatic);
  REQUIRE(machine.said.size() == 1);
  CHECK(machine.said[0].starts_with("$SYSTEMD_SYSEXT_MUTABLE_MODE is \"often\""));
}

TEST_CASE("a policy of the file holds unless an option gives one, and a wrong one is never ignored")
{
  const TestHost machine;
  machine.root.write("etc/systemd/sysext.conf", "[SysExt]\nImagePolicy=root=signed\n");
  REQUIRE(read(machine).policy);
  CHECK(unprotected_root(*read(machine).policy) == "refuse");
  const auto by_option = read(machine, Class::sysext, std::nullopt, "*").policy;
  REQUIRE(by_option);
  CHECK(unprotected_root(*by_option) == "use");

  machine.root.write("etc/systemd/sysext.conf", "[SysExt]\n\nImagePolicy=root=singed\n");
  const std::string why = refusal(machine, Kind::config);
  CHECK(why.starts_with(place(machine, "etc/systemd/sysext.conf") + ":3: ImagePolicy=: "));
  CHECK(why.find("\"singed\" is no policy flag") != std::string::npos);
}

TEST_CASE("the environment gives other hierarchies, which have to be absolute and plain")
{
  TestHost machine;
  auto &text = machine.host.environment["SYSTEMD_SYSEXT_HIERARCHIES"];
  using Rows = std::vector<std::string>;
  const std::array<std::pair<std::string, Rows>, 4> good = {{
      {"/opt", {"/opt"}},
      {"/usr/:/srv/data//", {"/usr", "/srv/data"}},
      {"/a b:/c,d", {"/a b", "/c,d"}},
      {"", {"/usr", "/opt"}},
  }};
  for (const auto &[value, expected] : good) {
    CAPTURE(value);
    text = value;
    CHECK(read(machine).hierarchies == expected);
    CHECK(read(machine, Class::confext).hierarchies == Rows{"/etc"});
  }
  for (const char *value :
       {"usr", "/", "//", ":", "/usr:", ":/usr", "/usr::/opt", "/usr/../etc", "/./usr", "/a//b"}) {
    CAPTURE(value);
    text = value;
    CHECK(refusal(machine, Kind::usage).find("is no hierarchy") != std::string::npos);
  }
  text = "/usr:/opt:/usr/";
  CHECK(refusal(machine, Kind::usage) ==
        "$SYSTEMD_SYSEXT_HIERARCHIES names /usr twice; name it once");
}

TEST_CASE("mount options come from the environment, and set to nothing they are none")
{
  TestHost machine;
  auto &environment = machine.host.environment;
  environment["SYSTEMD_CONFEXT_OVERLAYFS_MOUNT_OPTIONS"] = "index=on";
  CHECK_FALSE(read(machine).mount_options);
  CHECK(read(machine, Class::confext).mount_options == "index=on");
  environment["SYSTEMD_SYSEXT_OVERLAYFS_MOUNT_OPTIONS"] = "";
  CHECK(read(machine).mount_options == "");
}

TEST_CASE("single hierarchies are set apart by strake's own file, unless a mode is given for all")
{
  TestHost machine;
  machine.root.write("etc/systemd/sysext.conf", "[SysExt]\nMutable=auto\n");
  machine.root.write("usr/lib/strake/hierarchies.conf",
                     "[/opt]\nMutable=yes\n[/srv/]\nMutable=import\n[/etc]\nMutable=ephemeral\n");
  machine.root.write("etc/strake/hierarchies.conf.d/10-srv.conf", "[/srv]\nMutable=\n");
  const Configuration configuration = read(machine);
  CHECK(overlay::mutability_of(configuration, "/usr") == Mutability::automatic);
  CHECK(overlay::mutability_of(configuration, "/opt") == Mutability::yes);
  CHECK(overlay::mutability_of(configuration, "/srv") == Mutability::automatic);
  CHECK(overlay::mutability_of(read(machine, Class::confext), "/etc") == Mutability::ephemeral);
  CHECK(overlay::mutability_of(read(machine, Class::sysext, Mutability::no), "/opt") ==
        Mutability::no);
  machine.host.environment["SYSTEMD_SYSEXT_MUTABLE_MODE"] = "import";
  CHECK(overlay::mutability_of(read(machine), "/opt") == Mutability::import);
}

TEST_CASE("how much may be written to memory is said for all hierarchies, and for single ones")
{
  TestHost machine;
  CHECK(overlay::size_limit_of(read(machine), "/opt") == "20%");
  machine.root.write("etc/strake/extensions.conf", "[Ephemeral]\nSizeLimit=1G\n");
  machine.root.write("usr/lib/strake/hierarchies.conf",
                     "[/opt]\nSizeLimit=5%\n[/srv]\nSizeLimit=1K\n[/srv/]\nSizeLimit=\n");
  const Configuration configuration = read(machine, Class::sysext, Mutability::ephemeral);
  CHECK(overlay::size_limit_of(configuration, "/usr") == "1G");
  CHECK(overlay::size_limit_of(configuration, "/opt") == "5%");
  CHECK(overlay::size_limit_of(configuration, "/srv") == "1G");
}

TEST_CASE("what is wrong in strake's own file ends the run with its place")
{
  const TestHost machine;
  const std::array<std::pair<std::string, std::string>, 6> rows = {{
      {"[opt]\nMutable=yes\n", ":2: [opt] is no hierarchy; write an absolute path such as [/opt]"},
      {"[/opt/../usr]\nMutable=yes\n",
       ":2: [/opt/../usr] is no hierarchy; write an absolute path such as [/opt]"},
      {"[/opt]\n\nMutable=often\n",
       ":3: \"often\" is no mutable mode; there are no, yes, auto, import, ephemeral, "
       "ephemeral-import"},
      {"[/opt]\nSizeLimit=0\n",
       ":2: \"0\" is no size; write bytes such as 512M, or a part of the memory such as 20%"},
      {"[/opt]\nImagePolicy=*\n",
       ":2: ImagePolicy= is not known; a hierarchy has Mutable= and SizeLimit="},
      {"[/opt]\nMutable\n",
       ":2: \"Mutable\" is neither a section nor KEY=VALUE; it was passed over"},
  }};
  for (const auto &[text, why] : rows) {
    CAPTURE(text);
    machine.root.write("etc/strake/hierarchies.conf", text);
    CHECK(refusal(machine, Kind::config) == place(machine, "etc/strake/hierarchies.conf") + why);
  }
}

TEST_CASE("an image has the policy of the configuration, else of its class, and what the boot "
          "loader handed to an initrd has to be signed")
{
  const overlay::Target initrd{.os_release = {}, .is_initrd = true, .architecture = {}};
  const overlay::Target system;

  struct Row {
    const char *path;
    const overlay::Target &target;
    Class extension_class;
    const char *root;
    bool root_may_lack;
  };

  const std::vector<Row> rows = {
      {"/var/lib/extensions/a.raw", system, Class::sysext, "use", true},
      {"/var/lib/confexts/a.raw", system, Class::confext, "use", true},
      {"/var/lib/extensions/a.raw", initrd, Class::sysext, "use", true},
      {"/.extra/sysext/a.raw", system, Class::sysext, "use", true},
      {"/.extra/sysext/a.raw", initrd, Class::sysext, "refuse", true},
      {"/.extra/global_sysext/a.raw", initrd, Class::sysext, "refuse", true},
      {"/.extra/confext/a.raw", initrd, Class::confext, "refuse", true},
      {"/.extra/global_confext/a.raw", initrd, Class::confext, "refuse", true},
      {"/.extra/other/a.raw", initrd, Class::sysext, "refuse", true},
      {"/.extra.d/a.raw", initrd, Class::sysext, "use", true},
  };
  for (const Row &row : rows) {
    CAPTURE(row.path);
    overlay::Image image{.name = "a", .kind = overlay::ImageKind::raw};
    image.path = image.found = row.path;
    const auto policy = overlay::policy_of({}, image, row.target, row.extension_class);
    CHECK(unprotected_root(policy) == row.root);
    CHECK(may_lack_root(policy) == row.root_may_lack);

    Configuration configuration;
    configuration.policy = verity::ImagePolicy::parse("root=unprotected");
    const auto set = overlay::policy_of(configuration, image, row.target, row.extension_class);
    CHECK(unprotected_root(set) == "use");
    CHECK_FALSE(may_lack_root(set));
  }
}

TEST_CASE("neither a symlink out of the boot loader's directory nor one into it makes it trusted")
{
  const overlay::Target initrd{.os_release = {}, .is_initrd = true, .architecture = {}};
  overlay::Image image{.name = "a", .kind = overlay::ImageKind::raw};
  image.path = "/var/lib/a.raw";
  image.found = "/.extra/sysext/a.raw";
  CHECK(unprotected_root(overlay::policy_of({}, image, initrd, Class::sysext)) == "refuse");
  std::swap(image.path, image.found);
  CHECK(unprotected_root(overlay::policy_of({}, image, initrd, Class::sysext)) == "refuse");
}

TEST_CASE("the kernel command line switches off only what systemd starts")
{
  struct Row {
    const char *line;
    bool is_off;
  };

  const std::vector<Row> rows = {
      {"quiet", false},
      {"systemd.sysext=0", true},
      {"systemd.sysext=no quiet", true},
      {"systemd.sysext=\"no\"", true},
      {"systemd.sysext=1", false},
      {"systemd.sysext", false},
      {"systemd.sysext=0 systemd.sysext=1", false},
      {"systemd.sysext=1 systemd.sysext=0\n", true},
      {"systemd.sysext=never", false},
      {"systemd.confext=0", false},
      {"rd.systemd.sysext=0", false},
      {"systemd.sysext.x=0", false},
  };
  TestHost machine;
  for (const Row &row : rows) {
    CAPTURE(row.line);
    machine.root.write("proc/cmdline", row.line);
    machine.host.environment["SYSTEMD_EXEC_PID"] = std::to_string(::getpid());
    CHECK(overlay::switched_off(machine.host, Class::sysext) == row.is_off);
    machine.host.environment["SYSTEMD_EXEC_PID"] = std::to_string(::getppid());
    CHECK_FALSE(overlay::switched_off(machine.host, Class::sysext));
    machine.host.environment.erase("SYSTEMD_EXEC_PID");
    CHECK_FALSE(overlay::switched_off(machine.host, Class::sysext));
  }
  CHECK(machine.said == std::vector<std::string>{
                            "the kernel command line has systemd.sysext=never, which is neither "
                            "yes nor no and was ignored"});
}

TEST_CASE("in an initrd the switch with rd. counts, but for another root the one without")
{
  TestHost machine;
  machine.host.environment["SYSTEMD_EXEC_PID"] = "*";
  machine.root.write("etc/initrd-release", "ID=debian\n");
  machine.host.is_running_system = true;
  machine.host.environment["SYSTEMD_PROC_CMDLINE"] = "rd.systemd.confext=no systemd.sysext=no";
  CHECK(overlay::switched_off(machine.host, Class::confext));
  CHECK_FALSE(overlay::switched_off(machine.host, Class::sysext));
  machine.host.is_running_system = false;
  CHECK_FALSE(overlay::switched_off(machine.host, Class::confext));
  CHECK(overlay::switched_off(machine.host, Class::sysext));
}
