// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "handoff/next_root.hpp"
#include "handoff/survivor.hpp"
#include "handoff/transition.hpp"
#include "support/test_host.hpp"
#include "unified_image_bytes.hpp"

#include <doctest/doctest.h>

TEST_SUITE_BEGIN("handoff/transition");

using handoff::Decision;
using handoff::KernelFile;
using handoff::KernelSide;
using handoff::Survivor;
using handoff::Transition;
using handoff::TransitionFacts;
using Names = std::vector<std::string>;
using Sections = std::vector<handoff_test::Section>;

namespace {

KernelSide side()
{
  return {.release = "6.12", .options = "quiet"};
}

KernelFile
kernel_file(const support::TestHost &machine, const std::string &name, const Sections &sections)
{
  machine.root.write(name, handoff_test::unified_image(sections));
  base::Fd file = machine.root.dir().file(name);
  const auto reading = handoff::read_unified_image(file);
  REQUIRE(reading.image);
  return {std::move(file), handoff::kernel_side_of(*reading.image)};
}

TransitionFacts facts()
{
  return {.kernel = "6.12", .running = side(), .next = side()};
}

std::string reason(const TransitionFacts &facts)
{
  const Decision decision = handoff::decide_transition(facts);
  return std::string(handoff::name(decision.transition)) + ": " + decision.why;
}

} // namespace

TEST_CASE("where only the root differs a soft-reboot is enough")
{
  CHECK(reason(facts()) == "soft-reboot: kernel 6.12, initrd and command line stay as they are");
}

TEST_CASE("what runs needs nothing, whatever else is known")
{
  TransitionFacts running = facts();
  running.is_running = true;
  running.next.reset();
  CHECK(reason(running) == "none: it runs");
}

TEST_CASE("each thing that only a reboot can exchange leads to one, and is named")
{
  TransitionFacts other = facts();
  other.next->release = "6.13";
  CHECK(reason(other) == "reboot: it has the kernel 6.13, and 6.12 runs");
  other.next->release = "";
  CHECK(reason(other) == "reboot: its boot entry does not say which kernel it has");
  other = facts();
  other.differing_part = ".linux";
  CHECK(reason(other) == "reboot: it has another kernel of the same version");
  other.differing_part = ".initrd";
  CHECK(reason(other) == "reboot: it has another initrd");
  other.differing_part = ".ucode";
  CHECK(reason(other) == "reboot: it has another .ucode");
  other = facts();
  other.next->options = "quiet debug";
  CHECK(reason(other) ==
        "reboot: its command line is \"quiet debug\", and that of what runs \"quiet\"");
}

TEST_CASE("what cannot be compared, or stands in the way, leads to a reboot")
{
  TransitionFacts other = facts();
  other.next.reset();
  CHECK(reason(other) ==
        "reboot: its boot entry is no unified kernel image, so that it cannot be compared");
  other = facts();
  other.running.reset();
  CHECK(reason(other) == "reboot: the boot entry of what runs is not there any more, so that it "
                         "cannot be compared");
  other = facts();
  other.obstacle = "systemd 252 cannot soft-reboot, 254 and later can";
  CHECK(reason(other) == "reboot: systemd 252 cannot soft-reboot, 254 and later can");
}

TEST_CASE("a kexec takes the place of a reboot where somebody wants it, and it can be")
{
  TransitionFacts other = facts();
  other.next->release = "6.13";
  other.kexec_obstacle = "";
  CHECK(reason(other) == "kexec: it has the kernel 6.13, and 6.12 runs");
  other.kexec_obstacle = "Secure Boot is on";
  CHECK(reason(other) == "reboot: it has the kernel 6.13, and 6.12 runs, and no kexec can be: "
                         "Secure Boot is on");
  other = facts();
  other.kexec_obstacle = "";
  CHECK(reason(other).starts_with("soft-reboot: "));
}

TEST_CASE("kernel, initrd and command line are read from the image of an entry")
{
  const support::TestHost machine;
  const KernelFile found = kernel_file(machine,
                                       "os.efi",
                                       {{".linux", "kernel"},
                                        {".uname", "6.12\n"},
                                        {".cmdline", "quiet roothash=aa"},
                                        {".initrd", "initrd"},
                                        {".splash", "picture"}});
  CHECK(found.side.release == "6.12");
  CHECK(found.side.options == "quiet");
  REQUIRE(found.side.parts.size() == 2);
  CHECK(found.side.parts.at(".linux").length == 6);
  CHECK(found.side.parts.contains(".initrd"));
}

TEST_CASE("the parts of two images are compared byte by byte, wherever they lie")
{
  const support::TestHost machine;
  const std::string large(3U << 20U, 'k');
  const auto running = kernel_file(machine, "1.efi", {{".linux", large}, {".initrd", "initrd"}});
  const auto part = [&](const Sections &next) {
    return handoff::differing_part(running, kernel_file(machine, "2.efi", next));
  };
  CHECK(part({{".splash", "picture"}, {".initrd", "initrd"}, {".linux", large}}).empty());
  std::string rebuilt = large;
  rebuilt.back() = 'K';
  CHECK(part({{".linux", rebuilt}, {".initrd", "initrd"}}) == ".linux");
  CHECK(part({{".linux", large + "k"}, {".initrd", "initrd"}}) == ".linux");
  CHECK(part({{".linux", large}, {".initrd", "other!"}}) == ".initrd");
  CHECK(part({{".linux", large}}) == ".initrd");
  CHECK(part({{".linux", large}, {".initrd", "initrd"}, {".ucode", "microcode"}}) == ".ucode");
}

TEST_CASE("root hashes on the command line are what may differ")
{
  CHECK(handoff::without_root_hashes("quiet  roothash=aa rw usrhash=bb x=roothash=1 "
                                     "roothashsig=base64:cc usrhashsig=/dd") ==
        "quiet rw x=roothash=1");
  CHECK(handoff::without_root_hashes("roothash=aa").empty());
}

TEST_CASE("of services those outlive a soft-reboot that say so, or store descriptors")
{
  const auto found = handoff::parse_survivors(
      "MainPID=12\nRootDirectory=\nRootImage=\nId=old.service\nSurviveFinalKillSignal=yes\n\n"
      "Id=own.service\nMainPID=13\nRootImage=/a.raw\nSurviveFinalKillSignal=yes\n\n"
      "Id=dead.service\nMainPID=0\nSurviveFinalKillSignal=yes\n\n"
      "Id=plain.service\nMainPID=14\nSurviveFinalKillSignal=no\n"
      "FileDescriptorStorePreserve=restart\nNFileDescriptorStore=3\n\n"
      "Id=keeps.service\nMainPID=15\nSurviveFinalKillSignal=no\n"
      "FileDescriptorStorePreserve=yes\nNFileDescriptorStore=2\n");
  REQUIRE(found.size() == 3);
  CHECK(found[0].unit == "old.service");
  CHECK((found[0].goes_on && !found[0].has_own_root));
  CHECK(found[1].unit == "own.service");
  CHECK((found[1].goes_on && found[1].has_own_root));
  CHECK(found[2].unit == "keeps.service");
  CHECK((!found[2].goes_on && found[2].kept_files == 2));
  CHECK_THROWS_WITH_AS(handoff::refuse_old_roots(found),
                       doctest::Contains("old.service would outlive a soft-reboot"),
                       base::Error);
  CHECK_NOTHROW(handoff::refuse_old_roots({found[1], found[2]}));
}

TEST_CASE("file systems of their own go along, and what is made anew does not")
{
  const auto line = [](const std::string &target, const std::string &type) {
    return overlay::MountLine{0, 0, target, type, ""};
  };
  CHECK(handoff::mounts_to_carry({line("/", "erofs"),
                                  line("/proc", "proc"),
                                  line("/sys/fs/cgroup", "cgroup2"),
                                  line("/dev/shm", "tmpfs"),
                                  line("/run/lock", "tmpfs"),
                                  line("/run/user/0", "ext4"),
                                  line("/tmp", "tmpfs"),
                                  line("/usr", "overlay"),
                                  line("/etc", "ext4"),
                                  line("/var", "ext4"),
                                  line("/var/lib/big", "xfs"),
                                  line("/variety", "xfs"),
                                  line("/efi", "autofs"),
                                  line("/efi", "vfat"),
                                  line("/srv/cache", "tmpfs")}) ==
        Names{"/efi", "/var", "/variety"});
}

TEST_CASE("whether something of its own is on /etc is seen below configuration extensions too")
{
  const auto line = [](const std::string &target, const std::string &source) {
    return overlay::MountLine{0, 0, target, "overlay", source};
  };
  CHECK_FALSE(handoff::has_mounted_etc({line("/", "/dev/dm-0"), line("/etc", "confext")}));
  CHECK(handoff::has_mounted_etc({line("/etc", "overlay"), line("/etc", "confext")}));
  CHECK_FALSE(handoff::has_mounted_etc({line("/etc/hosts", "overlay"), line("/usr", "sysext")}));
}
