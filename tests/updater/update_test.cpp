// SPDX-License-Identifier: Apache-2.0
#include "support/tar_bytes.hpp"
#include "update_setting.hpp"
#include "updater/directory.hpp"
#include "updater/history.hpp"
#include "updater/state.hpp"
#include "updater/update.hpp"
#include "updater/vacuum.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

TEST_SUITE_BEGIN("updater/update");

using updater::Outcome;
using Strings = std::vector<std::string>;

namespace {

std::string gzipped(const std::string &text)
{
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string result(deflateBound(&stream, text.size()) + 64, '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef *>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef *>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

/// A disk that is full for every file whose name has a certain text in it.
class FullSys final : public base::LinuxSys {
public:
  bool is_full = false;

  void write_at(const base::Fd &fd, std::uint64_t offset, base::Bytes data) override
  {
    if (is_full && data.size() > 1000)
      base::fail_os(ENOSPC, "cannot write {} bytes", data.size());
    base::LinuxSys::write_at(fd, offset, data);
  }
};

std::string last_event(World &world)
{
  const auto events = updater::read_history(*updater::find_state(world.machine.host));
  REQUIRE(!events.empty());
  const updater::Event &last = events.back();
  return last.action + " " + last.version + " " + last.outcome;
}

} // namespace

TEST_CASE("on an empty machine the newest version goes into the first slot and the boot directory")
{
  World world;
  world.offer("1");
  world.offer("2");
  const updater::UpdateResult result = world.update();
  CHECK(result.outcome == Outcome::installed);
  CHECK(result.version == "2");
  CHECK(world.slot_holds(1, "2"));
  CHECK(world.slot(2) == "_empty");
  CHECK(world.boot_files() == Strings{"boot_2.efi"});
  CHECK(world.root().read("efi/EFI/Linux/boot_2.efi") == World::payload("boot-2.efi"));
  CHECK(world.list() == Strings{"2 current", "1 available"});
  CHECK(last_event(world) == "update 2 installed");
}

TEST_CASE("a second version goes beside the first, which stays as it was")
{
  World world;
  world.install("1");
  world.install("2");
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
  CHECK(world.list() == Strings{"2 current", "1 installed"});
}

TEST_CASE("a third version overwrites the slot of the oldest, and its boot file goes")
{
  World world;
  world.install("1");
  world.install("2");
  world.install("3");
  CHECK(world.slot_holds(1, "3"));
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_2.efi", "boot_3.efi"});
}

TEST_CASE("the running version is never overwritten, even if it is the oldest")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("1");
  world.install("3");
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.slot_holds(2, "3"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_3.efi"});
}

TEST_CASE("flags of partitions are set and shown only where their type has them")
{
  World world;
  const std::string target = "Type=partition\nPath=/disk.raw\nMatchPattern=root-@v\n"
                             "ReadOnly=yes\nPartitionNoAuto=yes\nPartitionGrowFileSystem=yes\n";
  const auto installed = [&](const std::string &type) {
    world.define("10-root", "MatchPattern=root-@v.raw", target + "MatchPartitionType=" + type);
    world.install("1");
    return updater::take_inventory(world.machine.host, {}).holdings[0].installed[0].metadata;
  };
  SUBCASE("a root partition has all three")
  {
    const updater::Metadata metadata = installed("root-x86-64");
    CHECK(metadata.partition_flags == (verity::attribute::read_only | verity::attribute::no_auto |
                                       verity::attribute::grow_file_system));
    CHECK(metadata.read_only == true);
    CHECK_FALSE(metadata.no_auto.has_value()); // told by the flags as a whole
    CHECK_FALSE(metadata.grow_file_system.has_value());
  }
  SUBCASE("a type outside the specification has none")
  {
    world.set_slot_types(verity::linux_generic().uuid);
    const updater::Metadata metadata = installed("linux-generic");
    CHECK(metadata.partition_flags == std::uint64_t{0});
    CHECK(metadata.read_only == false);
  }
}

TEST_CASE("a file from the epoch is a file of unknown time")
{
  const support::TempRoot root{{"app_1.img", ""}, {"app_2.img", ""}};
  const auto at = [&](const char *name, std::time_t seconds) {
    const std::array<timespec, 2> times{timespec{seconds, 0}, timespec{seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, (root.path() + "/" + name).c_str(), times.data(), 0) == 0);
  };
  at("app_1.img", 0);
  at("app_2.img", 1);
  const auto found = updater::list_instances(
      root.dir(), updater::Inode::file, {updater::Pattern::parse("app_@v.img")});
  REQUIRE(found.size() == 2);
  CHECK(found[0].metadata.modified_us == std::uint64_t{1'000'000});
  CHECK_FALSE(found[1].metadata.modified_us.has_value());
}

TEST_CASE("where there is nothing newer nothing happens")
{
  World world;
  world.install("1");
  const std::string before = world.root().read("disk.raw");
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.update_to("1").outcome == Outcome::already_present);
  CHECK(world.root().read("disk.raw") == before);
}

TEST_CASE("a version that not every transfer offers is not there")
{
  World world;
  world.install("1");
  world.serve("root-2.raw", World::payload("root-2.raw"));
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.update_failure().empty());
  CHECK(World::failure([&] { world.update_to("2"); }) ==
        "not_found: Update '2' not found; \"strake list\" shows the versions there are");
}

TEST_CASE("a version without its boot file is incomplete, and an update brings only that")
{
  World world;
  world.install("1");
  std::filesystem::remove(world.root().path() + "/efi/EFI/Linux/boot_1.efi");
  CHECK(world.list() == Strings{"1 current+incomplete"});
  world.machine.fetcher.asked.clear();
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.has_said("is already installed, but incomplete. Repairing."));
  CHECK(world.machine.fetcher.asked == Strings{World::url("SHA256SUMS"), World::url("boot-1.efi")});
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
  CHECK(world.list() == Strings{"1 current"});
}

TEST_CASE("compressed payloads are unpacked into slots and files")
{
  World world;
  world.serve("root-1.raw", gzipped(World::payload("root-1.raw")));
  world.serve("boot-1.efi", gzipped(World::payload("boot-1.efi")));
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.root().read("efi/EFI/Linux/boot_1.efi") == World::payload("boot-1.efi"));
}

TEST_CASE("an archive becomes a tree, and the link leads to the newest one")
{
  World world;
  world.define("30-tree",
               "MatchPattern=tree-@v.tar",
               "Type=directory\nPath=/opt/tree\nMatchPattern=tree_@v\nInstancesMax=2\n"
               "CurrentSymlink=/opt/current",
               "",
               "url-tar");
  for (const std::string version : {"1", "2", "3"}) {
    world.serve("tree-" + version + ".tar",
                support::tar_archive(
                    {{.name = "etc/", .type = '5'}, {.name = "etc/version", .content = version}}));
    world.install(version);
    CHECK(world.root().read("opt/current/etc/version") == version);
  }
  CHECK(world.names_in("opt/tree") == Strings{"tree_2", "tree_3"});
  CHECK(std::filesystem::read_symlink(world.root().path() + "/opt/current") == "tree/tree_3");
}

TEST_CASE("a download into a slot that was cut goes on where it ended")
{
  World world;
  world.install("1");
  world.offer("2");
  world.machine.fetcher.cuts[World::url("root-2.raw")] = 3000;
  CHECK(world.update_failure().starts_with("network: "));
  CHECK(world.slot(2) == "root-2 (partial)");
  CHECK(world.list() == Strings{"2 current+partial", "1 installed"});
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
  CHECK(last_event(world) == "update 2 failed");

  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.machine.fetcher.answered_from[World::url("root-2.raw")] == 3000);
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.list() == Strings{"2 current", "1 installed"});
}

TEST_CASE("a download of a compressed payload that was cut goes on where it ended")
{
  World world;
  std::string noise;
  for (unsigned state = 1; noise.size() < 5000; state = state * 1103515245U + 12345U)
    noise += static_cast<char>(state >> 16U);
  world.serve("root-1.raw", gzipped(noise));
  world.serve("boot-1.efi", World::payload("boot-1.efi"));
  world.machine.fetcher.cuts[World::url("root-1.raw")] = 3000;
  CHECK(world.update_failure().starts_with("network: "));
  CHECK(world.slot(1) == "_empty"); // nothing unchecked gets into a slot
  CHECK(world.list() == Strings{"1 candidate+partial"});
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.machine.fetcher.answered_from[World::url("root-1.raw")] == 3000);
  CHECK(world.slot_content(1) == noise);
}

TEST_CASE("bytes that changed on the disk since the cut are found out, and fetched anew")
{
  World world;
  world.offer("1");
  world.machine.fetcher.cuts[World::url("root-1.raw")] = 3000;
  CHECK(world.update_failure().starts_with("network: "));
  const verity::GptTable table = world.table();
  std::string disk = world.root().read("disk.raw");
  disk[table.offset_of(table.entry(1)) + 10] ^= 1;
  world.root().write("disk.raw", disk);
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.machine.fetcher.answered_from[World::url("root-1.raw")] == 0);
  CHECK(world.slot_holds(1, "1"));
}

TEST_CASE(
    "a payload with a wrong checksum leaves what is installed as it was, and shows as partial")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("2");
  world.offer("3");
  world.corrupt("boot-3.efi");
  const std::string first = world.update_failure();
  CHECK(first.starts_with("untrusted: "));
  CHECK(first.find("has not the SHA-256") != std::string::npos);
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.list().front().find("3 ") == 0);
  CHECK(world.list().front().find("+partial") != std::string::npos);
  const Strings boot = world.boot_files();
  CHECK(std::find(boot.begin(), boot.end(), "boot_2.efi") != boot.end());
  CHECK(std::find(boot.begin(), boot.end(), "boot_3.efi") == boot.end());

  SUBCASE("the same bad bytes again are told apart from a first failure")
  {
    const std::string second = world.update_failure();
    CHECK(second.starts_with("untrusted: "));
    CHECK(second.find("is already acquired and partially installed. Vacuum it to try installing "
                      "again.") != std::string::npos);
  }
  SUBCASE("the right bytes are installed without a vacuum")
  {
    world.offer("3");
    CHECK(world.update().outcome == Outcome::installed);
    CHECK(world.slot_holds(1, "3"));
    CHECK(world.list().front() == "3 current");
  }
  SUBCASE("a vacuum forgets it")
  {
    updater::vacuum(world.machine.host, {}, std::nullopt);
    CHECK(world.list(updater::Offline::yes).front() == "2 current");
  }
}

TEST_CASE("no size that a server claims has anything read before its hash is known")
{
  World world;
  world.install("1");
  world.install("2");
  world.run_version("2");
  world.offer("3");
  world.serve("root-3.raw", gzipped(World::payload("root-3.raw")));
  world.machine.fetcher.objects[World::url("root-3.raw")] = gzipped(World::payload("another"));
  world.machine.fetcher.claimed_sizes[World::url("root-3.raw")] = std::uint64_t{1} << 59U;
  CHECK(world.update_failure().starts_with("untrusted: "));
  CHECK(world.slot_holds(1, "1"));
  const Strings boot = world.boot_files();
  CHECK(std::find(boot.begin(), boot.end(), "boot_1.efi") != boot.end());
}

TEST_CASE("of an answer that broke off nothing stays behind the right one")
{
  World world;
  world.offer("1");
  const std::string boot = "boot-1.efi";
  SUBCASE("which is as it is installed")
  {
    world.machine.fetcher.broken_answers[World::url(boot)] = World::payload("another", 9000);
  }
  SUBCASE("which is compressed, and so goes another way")
  {
    world.serve(boot, gzipped(World::payload(boot)));
    world.machine.fetcher.broken_answers[World::url(boot)] = World::payload("another", 9000);
  }
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.root().read("efi/EFI/Linux/boot_1.efi") == World::payload(boot));
}

TEST_CASE("a payload that is larger than the slot is refused, and the running version stays")
{
  World world;
  world.install("1");
  world.run_version("1");
  world.serve("root-2.raw", World::payload("root-2.raw", World::slot_bytes + 1));
  world.serve("boot-2.efi", World::payload("boot-2.efi"));
  const std::string why = world.update_failure();
  CHECK(why.starts_with("no_space: "));
  CHECK(why.find("the payload is larger than partition 2 of /disk.raw, which holds 32768 bytes") !=
        std::string::npos);
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.boot_files() == Strings{"boot_1.efi"});
}

TEST_CASE("a full disk ends the update with no_space, and the next one goes through")
{
  World world;
  world.install("1");
  world.offer("2");
  FullSys sys;
  const base::Host full{.sys = sys,
                        .programs = world.machine.programs,
                        .fetcher = world.machine.fetcher,
                        .clock = world.machine.clock,
                        .log = world.machine.host.log,
                        .environment = {},
                        .root = world.machine.host.root.again(),
                        .machine = world.machine.host.machine.again(),
                        .is_running_system = false};
  world.machine.fetcher.before_answer = [&](const std::string &url) {
    sys.is_full = url == World::url("boot-2.efi");
  };
  CHECK(World::failure([&] { updater::update(full, {}); }).starts_with("no_space: "));
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.boot_files().front().starts_with(".sysupdate.partial."));
  world.machine.fetcher.before_answer = nullptr;
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
}

TEST_CASE("what is acquired is whole and pending, and installing it needs no network")
{
  World world;
  world.install("1");
  world.offer("2");
  CHECK(world.acquire().outcome == Outcome::acquired);
  CHECK(world.slot(2) == "root-2 (pending)");
  CHECK(world.boot_files() == Strings{".sysupdate.pending.boot_2.efi", "boot_1.efi"});
  CHECK(world.list() == Strings{"2 current+pending", "1 installed"});
  CHECK(world.acquire().outcome == Outcome::already_present);

  world.machine.fetcher.asked.clear();
  CHECK(world.update_offline().outcome == Outcome::installed);
  CHECK(world.machine.fetcher.asked.empty());
  CHECK(world.slot_holds(2, "2"));
  CHECK(world.boot_files() == Strings{"boot_1.efi", "boot_2.efi"});
}

TEST_CASE("an acquired version that was never installed gives its slot to a newer one")
{
  World world;
  world.install("1");
  world.offer("2");
  world.acquire();
  world.offer("3");
  CHECK(world.update().outcome == Outcome::installed);
  CHECK(world.slot_holds(1, "1"));
  CHECK(world.slot_holds(2, "3"));
}

TEST_CASE("an obsolete version is not chosen, and refused by name")
{
  World world;
  world.define("20-boot",
               "MatchPattern=boot-@v.efi",
               "Type=regular-file\nPathRelativeTo=esp\nPath=/EFI/Linux\nMatchPattern=boot_@v.efi",
               "MinVersion=2");
  world.offer("1");
  CHECK(world.list() == Strings{"1 available+obsolete"});
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(World::failure([&] { world.update_to("1"); }) ==
        "config: Selected update '1' is obsolete, refusing: it is older than a MinVersion= in the "
        "definitions");
}

TEST_CASE("an older version is installed if it is asked for")
{
  World world;
  world.install("2");
  world.offer("1");
  CHECK(world.update().outcome == Outcome::nothing_newer);
  CHECK(world.update_to("1").outcome == Outcome::installed);
  CHECK(world.has_said("is older than newest installed version, proceeding anyway."));
  CHECK(world.slot_holds(2, "1"));
}

TEST_CASE("with a slot too few the update is refused before anything is written")
{
  World world(1);
  world.offer("1");
  const std::string before = world.root().read("disk.raw");
  const std::string why = world.update_failure();
  CHECK(why.starts_with("no_space: 10-root: "));
  CHECK(why.find("has less than two partition slots of the type") != std::string::npos);
  CHECK(world.root().read("disk.raw") == before);
  CHECK(world.machine.fetcher.asked == Strings{World::url("SHA256SUMS")});
}

TEST_CASE("while another process is at work an update is refused, and the process is named")
{
  World world;
  world.offer("1");
  const base::Dir state = updater::open_state(world.machine.host);
  const updater::Lock lock = updater::take_lock(world.machine.host, state);
  const std::string why = world.update_failure();
  CHECK(why.starts_with("busy: another strake, process " + std::to_string(::getpid()) +
                        ", is at work on "));
  CHECK(world.machine.fetcher.asked.empty());
}

TEST_CASE("foreseeing an update changes nothing, not even in strake's own records")
{
  World world;
  world.install("1");
  world.install("2");
  world.offer("3");
  const std::string before = world.root().read("disk.raw");
  const Strings records = world.names_in("var/lib/strake");
  const auto foreseen = updater::foresee(world.machine.host, {});
  REQUIRE(foreseen->plan.has_value());
  CHECK(foreseen->plan->version == "3");
  CHECK(foreseen->plan->steps[0].partition == 1);
  CHECK(foreseen->plan->steps[0].displaced->metadata.version == "1");
  CHECK(foreseen->plan->displaced_versions == std::set<std::string>{"1"});
  CHECK(world.root().read("disk.raw") == before);
  CHECK(world.names_in("var/lib/strake") == records);
}

TEST_CASE("on a machine without a state directory, looking does not make one")
{
  World world;
  world.offer("1");
  world.list();
  updater::foresee(world.machine.host, {});
  CHECK_FALSE(world.root().exists("var/lib/strake"));
}
