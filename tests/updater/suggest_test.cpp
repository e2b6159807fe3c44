// SPDX-License-Identifier: Apache-2.0
#include "support/test_host.hpp"
#include "updater/suggest.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("updater/suggest");

using updater::Condition;
using updater::Subject;
using updater::Suggestion;

namespace {

struct Question {
  Subject subject;
  const char *parameter;
};

/// "yes", "no", or "broken" for what can't be evaluated.
std::string ask(const support::TestHost &test, Subject subject, const std::string &parameter)
{
  const auto answer = updater::holds({.subject = subject, .parameter = parameter}, test.host);
  if (!answer)
    return "broken";
  return *answer ? "yes" : "no";
}

void add_machine(const support::TestHost &test)
{
  test.root.write("proc/sys/kernel/arch", "aarch64\n");
  test.root.write("proc/sys/kernel/osrelease", "6.12.3-box\n");
  test.root.write("proc/sys/kernel/hostname", "Box1\n");
  test.root.write("proc/cmdline", "quiet root=/dev/sda2 'a b'\n");
  test.root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  test.root.write("etc/os-release", "ID=strakeos\nVERSION_ID=13.1\n");
  test.root.write("etc/machine-info", "TAGS=box:role=db\n");
}

} // namespace

TEST_CASE("each kind of condition is answered from the files of the host")
{
  const support::TestHost test;
  add_machine(test);
  test.root.write("sys/firmware/efi/", "");
  test.root.write("sys/class/dmi/id/product_name", "Box Nine \n");
  test.root.write("proc/device-tree/compatible", std::string("acme,box\0acme,soc\0", 18));
  test.root.write("run/credentials/@system/key", "x");
  test.root.write("sys/module/apparmor/parameters/enabled", "Y\n");
  test.root.write("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
                  std::string("\6\0\0\0\1", 5));
  test.root.write("usr/lib/aarch64-linux-gnu/systemd/libsystemd-shared-257.so", "");
  const Question yes[] = {
      {Subject::architecture, "arm64"},
      {Subject::architecture, "native"},
      {Subject::firmware, "uefi"},
      {Subject::firmware, "device-tree-compatible(acme,soc)"},
      {Subject::firmware, "smbios-field(product_name = \"Box Nine\")"},
      {Subject::firmware, "smbios-field(product_name $= Box*)"},
      {Subject::host, "box*"},
      {Subject::host, "01234567-89ab-cdef-0123-456789abcdef"},
      {Subject::kernel_command_line, "quiet"},
      {Subject::kernel_command_line, "root"},
      {Subject::kernel_command_line, "root=/dev/sda2"},
      {Subject::kernel_command_line, "a b"},
      {Subject::version, "kernel >= 6.1"},
      {Subject::version, "kernel>=6.1 <7"},
      {Subject::version, ">=6"},
      {Subject::version, "6.12*"},
      {Subject::version, "systemd >= 257"},
      {Subject::version, "glibc > 2.1"},
      {Subject::credential, "key"},
      {Subject::security, "apparmor"},
      {Subject::security, "uefi-secureboot"},
      {Subject::os_release, "ID=strakeos VERSION_ID>=13"},
      {Subject::os_release, "NAME!=x"},
      {Subject::machine_tag, "box"},
      {Subject::machine_tag, "role=*"},
      {Subject::virtualization, "no"},
      {Subject::fraction, "100%"},
  };
  for (const auto &[subject, parameter] : yes) {
    CAPTURE(std::string(parameter));
    CHECK(ask(test, subject, parameter) == "yes");
  }
  const Question no[] = {
      {Subject::architecture, "x86-64"},
      {Subject::architecture, "vax"},
      {Subject::firmware, "device-tree"},
      {Subject::firmware, "device-tree-compatible(acme)"},
      {Subject::firmware, "nonsense"},
      {Subject::firmware, "smbios-field(board_name = x)"},
      {Subject::host, "box"},
      {Subject::host, "11111111-89ab-cdef-0123-456789abcdef"},
      {Subject::kernel_command_line, "roo"},
      {Subject::kernel_command_line, "root=/dev/sda"},
      {Subject::version, "kernel > 6.12.3-box"},
      {Subject::version, "systemd < 257"},
      {Subject::credential, "other"},
      {Subject::credential, "../@system/key"},
      {Subject::security, "selinux"},
      {Subject::security, "nonsense"},
      {Subject::os_release, "ID=debian"},
      {Subject::os_release, "VERSION_ID<13"},
      {Subject::machine_tag, "role"},
      {Subject::machine_tag, "box:role=db"},
      {Subject::virtualization, "yes"},
      {Subject::virtualization, "kvm"},
      {Subject::fraction, "0%"},
  };
  for (const auto &[subject, parameter] : no) {
    CAPTURE(std::string(parameter));
    CHECK(ask(test, subject, parameter) == "no");
  }
}

TEST_CASE("what is malformed is neither yes nor no")
{
  const support::TestHost test;
  add_machine(test);
  const Question broken[] = {
      {Subject::firmware, "smbios-field(malformed)"},
      {Subject::firmware, "smbios-field(product_name = x"},
      {Subject::firmware, "smbios-field(= x)"},
      {Subject::firmware, "smbios-field(../x = y)"},
      {Subject::firmware, "smbios-field(product_name = x y)"},
      {Subject::fraction, ""},
      {Subject::fraction, "5"},
      {Subject::fraction, "101%"},
      {Subject::fraction, "0.001%"},
      {Subject::fraction, "a b 5%"},
      {Subject::version, "kernel >="},
      {Subject::version, "kernel > 6 <"},
      {Subject::version, "kernel '6"},
      {Subject::os_release, "ID"},
      {Subject::os_release, "ID="},
      {Subject::os_release, "'ID= x'"},
  };
  for (const auto &[subject, parameter] : broken) {
    CAPTURE(std::string(parameter));
    CHECK(ask(test, subject, parameter) == "broken");
  }
}

TEST_CASE("a machine has the place in a rollout that systemd gives it")
{
  // The least percentage for which systemd 262.1 says yes, found by asking it.
  struct Place {
    const char *machine;
    const char *tag;
    unsigned least; // hundredths of a per cent
  };

  const Place places[] = {
      {"0123456789abcdef0123456789abcdef", "", 6548},
      {"f0e1d2c3b4a5968778695a4b3c2d1e0f", "", 9821},
      {"11111111111111111111111111111112", "", 2314},
      {"0123456789abcdef0123456789abcdef", "rollout ", 8901},
      {"f0e1d2c3b4a5968778695a4b3c2d1e0f", "rollout ", 4158},
      {"11111111111111111111111111111112", "b ", 7388},
  };
  const support::TestHost test;
  for (const auto &[machine, tag, least] : places) {
    test.root.write("etc/machine-id", machine);
    const auto percent = [&](unsigned hundredths) {
      return fmt::format("{}{}.{:02}%", tag, hundredths / 100, hundredths % 100);
    };
    CHECK(ask(test, Subject::fraction, percent(least)) == "yes");
    CHECK(ask(test, Subject::fraction, percent(least - 1)) == "no");
  }
}

TEST_CASE("without a machine id a rollout has no place for the machine")
{
  const support::TestHost test;
  CHECK(ask(test, Subject::fraction, "50%") == "broken");
}

TEST_CASE("virtual machines and containers are told by what they leave in files")
{
  const std::pair<std::pair<const char *, const char *>, const char *> marks[] = {
      {{"run/systemd/container", "systemd-nspawn\n"}, "systemd-nspawn"},
      {{"run/.containerenv", ""}, "podman"},
      {{".dockerenv", ""}, "docker"},
      {{"sys/hypervisor/type", "xen\n"}, "xen"},
      {{"sys/class/dmi/id/sys_vendor", "QEMU\n"}, "qemu"},
      {{"sys/class/dmi/id/product_name", "VirtualBox\n"}, "oracle"},
      {{"sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc kvm-clock\n"},
       "kvm"},
      {{"proc/device-tree/hypervisor/compatible", "linux,kvm"}, "kvm"},
      {{"proc/cpuinfo", "flags : fpu hypervisor lahf\n"}, "vm-other"},
  };
  for (const auto &[file, id] : marks) {
    const support::TestHost test;
    test.root.write(file.first, file.second);
    const bool is_container = std::string(file.first).find("/") == std::string::npos ||
                              std::string(file.first).starts_with("run/");
    CAPTURE(std::string(id));
    CHECK(ask(test, Subject::virtualization, id) == "yes");
    CHECK(ask(test, Subject::virtualization, "yes") == "yes");
    CHECK(ask(test, Subject::virtualization, "container") == (is_container ? "yes" : "no"));
    CHECK(ask(test, Subject::virtualization, "vm") == (is_container ? "no" : "yes"));
  }
}

TEST_CASE("private users are told by their map")
{
  const support::TestHost test;
  CHECK(ask(test, Subject::virtualization, "private-users") == "no");
  test.root.write("proc/self/uid_map", "         0          0 4294967295\n");
  CHECK(ask(test, Subject::virtualization, "private-users") == "no");
  test.root.write("proc/self/uid_map", "         0     100000      65536\n");
  CHECK(ask(test, Subject::virtualization, "private-users") == "yes");
}

TEST_CASE("Suggest= decides alone, else all required conditions and one of the alternatives")
{
  const support::TestHost test;
  add_machine(test);
  const Condition yes{.subject = Subject::machine_tag, .parameter = "box"};
  const Condition no{.subject = Subject::machine_tag, .parameter = "other"};
  const Condition broken{.subject = Subject::fraction, .parameter = "x"};
  const auto negated = [](Condition condition) {
    condition.sense = Condition::Sense::negated;
    return condition;
  };
  const auto either = [](Condition condition) {
    condition.role = Condition::Role::alternative;
    return condition;
  };
  const auto suggested = [&](const Suggestion &suggestion) {
    return updater::is_suggested(suggestion, test.host);
  };
  CHECK(suggested({}) == false);
  CHECK(suggested({.fixed = true, .conditions = {no}}) == true);
  CHECK(suggested({.fixed = false, .conditions = {broken}}) == false);
  CHECK(suggested({.conditions = {yes}}) == true);
  CHECK(suggested({.conditions = {yes, no}}) == false);
  CHECK(suggested({.conditions = {yes, negated(no)}}) == true);
  CHECK(suggested({.conditions = {either(yes), either(no)}}) == true);
  CHECK(suggested({.conditions = {either(no), either(no)}}) == false);
  CHECK(suggested({.conditions = {no, either(yes)}}) == false);
  CHECK(suggested({.conditions = {yes, either(no)}}) == false);
  CHECK_FALSE(suggested({.conditions = {yes, broken}}).has_value());
  CHECK_FALSE(suggested({.conditions = {negated(broken)}}).has_value());
}
