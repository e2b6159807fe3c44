// SPDX-License-Identifier: Apache-2.0
#include "overlay/identify.hpp"
#include "overlay/kernel_modules.hpp"
#include "overlay/merged_system.hpp"
#include "overlay/written.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

TEST_SUITE_BEGIN("overlay/kernel_modules");

namespace {

using overlay::Mutability;
using overlay::Request;
using Texts = std::vector<std::string>;

const std::string folder = "usr/lib/modules/6.1.0-test";

/// Writes beside the modules what there is, as depmod does, and a file of its own.
class Depmod final : public base::Runner {
public:
  bool exists(const std::string & /*program*/) override { return true; }

  base::Finished run(const base::Command &command) override
  {
    REQUIRE(command.argv.size() == 4);
    CHECK(command.argv[0] == "depmod");
    CHECK(command.argv[1] == "-b");
    kernels.push_back(command.argv[3]);
    const std::filesystem::path modules = command.argv[2] + "/lib/modules/" + kernels.back();
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(modules))
      if (entry.path().extension() == ".ko")
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    std::ofstream index(modules / "modules.dep");
    for (const std::string &name : names)
      index << name << "\n";
    return {fails ? 1 : 0, "", "no such format\n"};
  }

  void start(const base::Command & /*command*/) override { FAIL("nothing is started here"); }

  Texts kernels;
  bool fails = false;
};

/// A system with a module, and extensions with one each, of the same kernel.
class ModuleSystem : public overlay_test::System {
public:
  ModuleSystem()
  {
    root.write(folder + "/system.ko", "");
    root.write(folder + "/modules.dep", "system.ko\n");
    root.write(folder + "/modules.order", "system.ko\n");
    modules("one", "1");
    modules("two", "1");
  }

  void modules(const std::string &name, const std::string &version) const
  {
    extension(name, version);
    const std::string tree = "var/lib/versions/" + name + "-" + version + "/" + folder;
    root.write(tree + "/" + name + "-" + version + ".ko", "");
    root.write(tree + "/modules.dep", name + ".ko\n");
    root.write(tree + "/modules.order", "system.ko\n" + name + ".ko\n");
  }

  /// The kernels that were indexed by a refresh.
  Texts refresh(const Request &request) { return refresh(request, sys); }

  Texts refresh(const Request &request, base::Sys &seam)
  {
    depmod.kernels.clear();
    overlay::refresh(with_depmod(seam), {request});
    return depmod.kernels;
  }

  base::Host with_depmod(base::Sys &seam)
  {
    return {.sys = seam,
            .programs = depmod,
            .fetcher = fetcher,
            .clock = clock,
            .log = host.log,
            .environment = {},
            .root = host.root.again(),
            .machine = host.machine.again(),
            .is_running_system = false};
  }

  std::string index() { return text(folder + "/modules.dep"); }

  bool has_said(const std::string &part) const
  {
    return std::any_of(said.begin(), said.end(), [&](const std::string &line) {
      return line.find(part) != std::string::npos;
    });
  }

  Depmod depmod;
};

/// Has no room for one file.
class FullSys final : public base::LinuxSys {
public:
  base::Fd create(const base::Dir &dir, std::string_view name, mode_t mode) override
  {
    if (name == "modules.dep")
      base::fail_os(ENOSPC, "cannot make {}", name);
    return LinuxSys::create(dir, name, mode);
  }
};

const Texts once = {"6.1.0-test"};
const std::string all = "one-1.ko\nsystem.ko\ntwo-1.ko\n";

} // namespace

TEST_CASE("where several layers have modules of a kernel, one index knows all of them")
{
  ModuleSystem system;
  CHECK(system.refresh(system.request()) == once);
  CHECK(system.index() == all);
  CHECK(system.text(folder + "/modules.order") == "system.ko\none.ko\ntwo.ko\n");
  CHECK_FALSE(system.has_said("modules.dep"));
  const auto found =
      overlay::identify_path(system.host, {system.request()}, "/" + folder + "/modules.dep");
  CHECK(found.from == overlay::Provenance::From::metadata);
  CHECK(found.hides == Texts{"two", "one", "(system)"});
  const auto module =
      overlay::identify_path(system.host, {system.request()}, "/" + folder + "/one-1.ko");
  REQUIRE(module.extension);
  CHECK(module.extension->candidate.image.name == "one");
  overlay::unmerge(system.host, {system.request()});
  CHECK(system.index() == "system.ko\n");
}

TEST_CASE("it is made again if one of them has changed, and else taken over")
{
  ModuleSystem system;
  system.refresh(system.request());
  system.extension("other", "1");
  CHECK(system.refresh(system.request()).empty());
  CHECK(system.text("usr/other") == "1");
  CHECK(system.index() == all);
  CHECK(system.text(folder + "/modules.order") == "system.ko\none.ko\ntwo.ko\n");
  system.modules("two", "2");
  CHECK(system.refresh(system.request()) == once);
  CHECK(system.index() == "one-1.ko\nsystem.ko\ntwo-2.ko\n");
  system.remove_extension("two");
  CHECK(system.refresh(system.request()) == once);
  system.root.write(folder + "/system.ko", "");
  system.remove_extension("one");
  CHECK(system.refresh(system.request()).empty());
  CHECK(system.index() == "system.ko\n");
}

TEST_CASE("where that fails extensions are merged all the same")
{
  ModuleSystem system;
  system.depmod.fails = true;
  CHECK(system.refresh(system.request()) == once);
  CHECK(system.has_said("depmod 6.1.0-test failed: no such format"));
  CHECK(system.text("usr/two") == "1");
  CHECK(system.index() == "two.ko\n");
  CHECK(system.text(folder + "/modules.order") == "system.ko\ntwo.ko\n");
  system.depmod.fails = false;
  Request again = system.request();
  again.unchanged = Request::Unchanged::merge_again;
  CHECK(system.refresh(again) == once);
  CHECK(system.index() == all);
}

TEST_CASE("a layer that cannot be looked into keeps no extension from being merged")
{
  ModuleSystem system;
  system.remove_extension("one");
  system.remove_extension("two");
  system.remove("usr/lib/modules");
  system.extension("odd", "1");
  const std::string too_long(300, 'x');
  system.root.write("var/lib/versions/odd-1/usr/lib/modules", "-> " + too_long);
  CHECK(system.refresh(system.request()).empty());
  CHECK(system.has_said("Kernel modules have no common index"));
  CHECK(system.text("usr/odd") == "1");
}

TEST_CASE("of indexes that cannot be kept whole none is kept")
{
  ModuleSystem system;
  system.root.write(folder + "/modules.builtin", "in-system.ko\n");
  system.root.write("var/lib/versions/two-1/" + folder + "/modules.builtin", "in-two.ko\n");
  FullSys full;
  CHECK(system.refresh(system.request(), full) == once);
  CHECK(system.has_said("cannot make modules.dep"));
  CHECK(system.index() == "two.ko\n");
  CHECK(system.text(folder + "/modules.builtin") == "in-two.ko\n");
  system.modules("one", "2");
  CHECK(system.refresh(system.request()) == once);
  CHECK(system.text(folder + "/modules.builtin") == "in-system.ko\nin-two.ko\n");
}

TEST_CASE("kernels before Linux 6.15 have to be asked in another way")
{
  ModuleSystem system;
  base::LinuxSys old(base::LinuxSys::Mounts::as_before_6_15);
  CHECK(system.refresh(system.request(), old) == once);
  CHECK(system.index() == all);
  system.extension("other", "1");
  base::LinuxSys again(base::LinuxSys::Mounts::as_before_6_15);
  CHECK(system.refresh(system.request(), again).empty());
  CHECK(system.index() == all);
}

TEST_CASE("switched off, the topmost layer's index counts")
{
  ModuleSystem system;
  system.refresh(system.request());
  Request without = system.request();
  without.configuration.indexes_kernel_modules = false;
  CHECK(system.refresh(without).empty());
  CHECK(system.index() == "two.ko\n");
  CHECK(system.has_said("shadows-extension"));
  CHECK(system.refresh(system.request()) == once);
  CHECK(system.index() == all);
}

TEST_CASE("what was written is never taken over, and wins where it stays")
{
  ModuleSystem system;
  const Request ephemeral = system.request(Mutability::ephemeral);
  CHECK(system.refresh(ephemeral) == once);
  system.root.write(folder + "/modules.dep", "written\n");
  system.extension("other", "1");
  CHECK(system.refresh(ephemeral) == once);
  CHECK(system.index() == all);

  const Request kept = system.request(Mutability::yes);
  CHECK(system.refresh(kept) == once);
  CHECK(system.index() == all);
  system.root.write(folder + "/modules.dep", "written\n");
  system.extension("other", "2");
  CHECK(system.refresh(kept).empty());
  CHECK(system.index() == "written\n");
  CHECK(system.has_said("`depmod 6.1.0-test` has it know"));
}

TEST_CASE("an index that was made when extensions were merged was not written")
{
  for (const Mutability mutability : {Mutability::yes, Mutability::ephemeral}) {
    ModuleSystem system;
    const Request request = system.request(mutability);
    CHECK(system.refresh(request) == once);
    CHECK(system.index() == all);
    system.root.write(folder + "/mine.ko", "");
    const auto written = overlay::find_written(system.host, request, {"/usr"});
    REQUIRE(written.front().views);
    const auto paths = overlay::written_paths(*written.front().views, overlay::Class::sysext);
    REQUIRE(paths.size() == 1);
    CHECK("usr/" + paths.front().path == folder + "/mine.ko");
    overlay::unmerge(system.host, {request});
  }
}

TEST_CASE("to tell where a file comes from, nothing is indexed")
{
  ModuleSystem system;
  const Request request = system.request(Mutability::yes);
  CHECK(system.refresh(request) == once);
  system.depmod.kernels.clear();
  const base::Host host = system.with_depmod(system.sys);
  CHECK(overlay::identify_path(host, {request}, "/" + folder + "/modules.dep").from ==
        overlay::Provenance::From::metadata);
  CHECK(system.depmod.kernels.empty());
  overlay::unmerge(system.host, {request});
}

TEST_CASE("only kernels of several layers count, and only names that are no options")
{
  ModuleSystem system;
  const auto layer = [&](const std::string &name, const Texts &kernels) {
    for (const std::string &kernel : kernels)
      system.root.write(name + "/lib/modules/" + kernel + "/", "");
    return overlay::ModuleLayer{system.host.root.dir(name), name};
  };
  std::vector<overlay::ModuleLayer> layers;
  layers.push_back(layer("upper", {"1.0", "2.0", "-a", "extra"}));
  layers.push_back(layer("lower", {"2.0", "3.0", "-a", "extra"}));
  system.root.write("file/lib/modules", "no directory");
  layers.push_back({system.host.root.dir("file"), "file"});
  system.root.write("loop/lib/modules", "-> modules");
  layers.push_back({system.host.root.dir("loop"), "loop"});
  const overlay::KernelStamps shared = overlay::shared_kernels(layers);
  REQUIRE(shared.size() == 1);
  CHECK(shared.begin()->first == "2.0");
  std::swap(layers[0], layers[1]);
  CHECK(overlay::shared_kernels(layers) != shared);
}

TEST_CASE("what an extension says of indexes is not believed")
{
  ModuleSystem system;
  system.remove_extension("one");
  system.remove_extension("two");
  system.extension("plain", "1");
  const std::string file = "usr/.systemd-sysext/strake-kernel-modules";
  system.root.write("var/lib/versions/plain-1/" + file, "stamp 6.1.0-test\n");
  CHECK(system.refresh(system.request()).empty());
  CHECK(system.text("usr/plain") == "1");
  CHECK(system.text(file).empty());
}

TEST_CASE("an index is known by its path")
{
  CHECK(overlay::kernel_of_index("lib/modules/6.1/modules.dep.bin") == "6.1");
  for (const char *path : {"lib/modules/6.1/kernel/modules.ko",
                           "lib/modules/6.1/vmlinuz",
                           "share/lib/modules/6.1/modules.dep",
                           "modules.dep"})
    CHECK_FALSE(overlay::kernel_of_index(path));
}
