// SPDX-License-Identifier: Apache-2.0
#include "image_setting.hpp"
#include "verity/mapped_device.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

TEST_SUITE_BEGIN("verity/mapped_device");

using setting::default_policy;
using setting::good;
using setting::strict;

namespace {

/// A kernel with device-mapper, as far as the seam shows it. Its devices are files in memory.
class MappingSys final : public base::LinuxSys {
public:
  bool accepts_signatures = false;
  bool is_broken = false;
  std::vector<std::string> asked; ///< "NAME signed" or "NAME"
  std::string salt;

  base::Fd
  attach_loop(const base::Fd &file, const base::ByteRange &range, base::Access /*access*/) override
  {
    base::Fd loop = create_in_memory("loop");
    copy(file, range, loop, 0);
    return loop;
  }

  base::Fd attach_verity(const base::NewVerity &device) override
  {
    asked.push_back(device.name + (device.signature.empty() ? "" : " signed"));
    salt.assign(reinterpret_cast<const char *>(device.salt.data()), device.salt.size());
    if (is_broken || (!device.signature.empty() && !accepts_signatures))
      base::fail(base::Kind::io, "Key was rejected by service");
    CHECK(base::size_of(*device.data) == device.data_blocks * device.data_block_size);
    CHECK(base::size_of(*device.tree) > device.hash_block_size);
    return base::duplicate(*device.data);
  }
};

class Machine : public setting::Machine {
public:
  MappingSys kernel;

  Machine()
  {
    root.write("dev/mapper/other", "");
    make_control(S_IFCHR);
    root.write(setting::image_path, support::ddi_of(good()));
  }

  /// The null device can be opened everywhere, and that is all that is asked of it.
  void make_control(mode_t type) const
  {
    const std::string path = root.dir().display("dev/mapper/control");
    std::filesystem::remove(path);
    REQUIRE(::mknod(path.c_str(), type | 0600U, makedev(1, 3)) == 0);
  }

  std::string open_mapped(const std::string &policy = strict)
  {
    const base::Host mapping{.sys = kernel,
                             .programs = programs,
                             .fetcher = fetcher,
                             .clock = clock,
                             .log = host.log,
                             .environment = host.environment,
                             .root = root.dir().again(),
                             .machine = root.dir().again(),
                             .is_running_system = false};
    return open_by(mapping, policy);
  }

  [[nodiscard]] bool is_mapped() const
  {
    return (::fcntl(parts.front().source.number(), F_GET_SEALS) & F_SEAL_WRITE) == 0;
  }
};

std::string name()
{
  return verity::hex(good().tree.root) + "-verity";
}

void expect(const std::string &answer, const std::string &part)
{
  CHECK_MESSAGE(answer.find(part) != std::string::npos,
                "\"" << answer << "\" should say \"" << part << "\"");
}

const bool is_plain_user = ::geteuid() != 0;

} // namespace

TEST_CASE("where there is a device-mapper, an image is used through it and not copied" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  CHECK(machine.open_mapped() == "root erofs signed");
  CHECK(machine.is_mapped());
  CHECK(machine.kernel.asked == std::vector<std::string>{name() + " signed", name()});
  CHECK(machine.kernel.salt == "\x5a\x17");
  CHECK(machine.parts.front().signer == "/etc/verity.d/signer.crt");
  CHECK((setting::Machine::content_of(machine.parts.front()) == good().data));
}

TEST_CASE("whom only the kernel trusts has signed too" * doctest::skip(is_plain_user))
{
  Machine machine;
  std::filesystem::remove(machine.root.dir().display("etc/verity.d/signer.crt"));
  machine.kernel.accepts_signatures = true;
  machine.host.environment["SYSTEMD_ALLOW_USERSPACE_VERITY"] = "0";
  CHECK(machine.open_mapped() == "root erofs signed");
  CHECK(machine.kernel.asked == std::vector<std::string>{name() + " signed"});
  CHECK(machine.parts.front().signer == verity::kernel_keys);
  CHECK(machine.parts.front().shortcoming.empty());
}

TEST_CASE("what neither the kernel nor a certificate takes is refused, and no device is made" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  machine.root.write("etc/verity.d/signer.crt", setting::stranger().certificate);
  const std::string answer = machine.open_mapped();
  expect(answer, "untrusted: ");
  expect(answer, "the signer is none of the 1 in verity.d");
  expect(answer, "nor does the kernel take it: Key was rejected by service");
  CHECK(machine.kernel.asked == std::vector<std::string>{name() + " signed"});
  CHECK(machine.open_mapped(default_policy) == "root erofs verity");
}

TEST_CASE("the kernel is not asked about a signature that counts for nothing" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  machine.kernel.accepts_signatures = true;
  CHECK(machine.open_mapped("root=verity") == "root erofs verity");
  CHECK(machine.kernel.asked == std::vector<std::string>{name()});
  machine.kernel.asked.clear();
  machine.host.environment["SYSTEMD_DISSECT_VERITY_SIGNATURE"] = "0";
  expect(machine.open_mapped(), "says not to look at its signature");
  CHECK(machine.kernel.asked.empty());
}

TEST_CASE(
    "where the kernel demands signatures, what it does not take is untrusted, and not broken" *
    doctest::skip(is_plain_user))
{
  Machine machine;
  machine.root.write("sys/module/dm_verity/parameters/require_signatures", "Y\n");
  expect(machine.open_mapped(), "untrusted: ");
  expect(machine.open_mapped(),
         "the kernel demands a signature (dm_verity.require_signatures=), and does not have the "
         "key of /etc/verity.d/signer.crt");
  machine.root.write("etc/verity.d/signer.crt", setting::stranger().certificate);
  expect(machine.open_mapped(default_policy), "untrusted: ");
  expect(machine.open_mapped(default_policy), "and the signer is none of the 1 in verity.d");
  CHECK(std::all_of(machine.kernel.asked.begin(),
                    machine.kernel.asked.end(),
                    [](const std::string &each) { return each.ends_with(" signed"); }));
  machine.kernel.accepts_signatures = true;
  CHECK(machine.open_mapped(default_policy) == "root erofs signed");
}

TEST_CASE("a device-mapper that fails is an error, and no reason to copy the image" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  machine.kernel.is_broken = true;
  expect(machine.open_mapped(), "io: ");
  expect(machine.open_mapped(), "Key was rejected by service");
  CHECK(machine.parts.empty());
}

TEST_CASE("a root hash that is of other data is seen before there is a device" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  auto parts = support::ddi_parts(good());
  parts[0].content[0] ^= 1;
  machine.root.write(setting::image_path, support::disk_of(parts));
  machine.kernel.accepts_signatures = true;
  expect(machine.open_mapped(), "untrusted: ");
  expect(machine.open_mapped(), "block 0 of the data is not what the root hash");
  CHECK(machine.kernel.asked.empty());
}

TEST_CASE("without a device-mapper that can be opened there is the private copy" *
          doctest::skip(is_plain_user))
{
  Machine machine;
  SUBCASE("no device")
  {
    machine.make_control(S_IFREG);
  }
  SUBCASE("nothing at all")
  {
    std::filesystem::remove(machine.root.dir().display("dev/mapper/control"));
  }
  CHECK(machine.open_mapped() == "root erofs signed");
  CHECK_FALSE(machine.is_mapped());
  CHECK(machine.kernel.asked.empty());
}

TEST_CASE("what lies on a partition is known by the names of the device-mapper")
{
  const support::TempRoot root({{"sys/block/vda4/holders/dm-1", "-> /sys/block/dm-1"},
                                {"sys/block/vda4/holders/loop0", "-> /sys/block/loop0"},
                                {"sys/block/dm-1/dm/name", "root\n"},
                                {"sys/block/loop0/size", "8\n"},
                                {"sys/dev/block/253:1", "-> /sys/block/dm-1"},
                                {"sys/dev/block/254:4", "-> /sys/block/vda4"}});
  CHECK(verity::devices_over(root.dir(), makedev(254, 4)) == std::vector<std::string>{"root"});
  CHECK(verity::devices_over(root.dir(), makedev(254, 5)).empty());
  CHECK(verity::mapped_name(root.dir(), makedev(253, 1)) == "root");
  CHECK(!verity::mapped_name(root.dir(), makedev(254, 4)));
}
