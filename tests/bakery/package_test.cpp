// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "bakery/elf.hpp"
#include "bakery/package.hpp"
#include "base/linux_sys.hpp"
#include "base/program.hpp"
#include "base/specifier.hpp"
#include "base/version.hpp"
#include "support/tar_bytes.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using bakery_tests::contains;
using bakery_tests::Kitchen;

namespace {

void run(std::vector<std::string> argv)
{
  const base::Finished done = base::ProcessRunner().run({.argv = std::move(argv)});
  REQUIRE_MESSAGE(done.status == 0, done.errors);
}

/// The bytes of a package as dpkg-deb makes it.
std::string package_of(const std::vector<std::pair<std::string, std::string>> &files,
                       const std::string &version = "1:2.3-4")
{
  const support::TempRoot root;
  for (const auto &[path, text] : files)
    root.write("tree/" + path, text);
  root.write("tree/DEBIAN/control",
             "Package: tool\nVersion: " + version +
                 "\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n"
                 "Description: a tool\n more: of it\n");
  const std::string script = root.path() + "/tree/DEBIAN/preinst";
  if (std::filesystem::exists(script))
    std::filesystem::permissions(script, std::filesystem::perms(0755));
  run({"dpkg-deb",
       "--build",
       "--root-owner-group",
       root.path() + "/tree",
       root.path() + "/out.deb"});
  return root.read("out.deb");
}

std::string sha256(const std::string &bytes)
{
  return verity::hex(verity::digest_of(std::as_bytes(std::span(bytes))));
}

/// A kitchen whose store has the package already; its apt is never asked.
void stock(Kitchen &kitchen, const std::string &package, const std::string &rest = "")
{
  kitchen.host.root.write("store/" + sha256(package), package);
  kitchen.write("recipe.yaml",
                "name: tool\nversion: {package: deb}\nsources:\n"
                "  deb: {package: tool, version: \"1:2.3-4\", sha256: " +
                    sha256(package) +
                    "}\nfiles:\n  - {source: deb, to: /, except: [etc, usr/share/doc]}\n" + rest);
}

/// Compiles a program or library of C that uses what the other arguments name.
std::string compiled(const std::string &text, std::vector<std::string> options)
{
  const support::TempRoot root({{"a.c", text}});
  options.insert(options.begin(), {"cc", "-o", root.path() + "/out", root.path() + "/a.c"});
  run(std::move(options));
  return root.read("out");
}

} // namespace

TEST_CASE(
    "package: its files are in the image where a merged /usr has them, its scripts are not run")
{
  Kitchen kitchen;
  stock(kitchen,
        package_of({{"lib/systemd/system/tool.service", "[Service]\n"},
                    {"usr/bin/tool", "tool"},
                    {"etc/tool.conf", "x"},
                    {"usr/share/doc/tool/copyright", "y"},
                    {"DEBIAN/preinst", "#!/bin/sh\nexit 1\n"}}),
        "units: [{name: tool.service, start: multi-user.target}]\n");
  const bakery::Product product = kitchen.bake();
  CHECK(product.name == "tool_2.3-4");
  const support::TempRoot out({{"x/", ""}});
  run({"fsck.erofs", "--extract=" + out.path() + "/tree", product.path});
  CHECK(out.read("tree/usr/lib/systemd/system/tool.service") == "[Service]\n");
  CHECK(out.read("tree/usr/bin/tool") == "tool");
  CHECK_FALSE(out.exists("tree/etc"));
  CHECK_FALSE(out.exists("tree/usr/share/doc"));
  CHECK_FALSE(out.exists("tree/lib"));
  CHECK(contains(kitchen.output("tool_2.3-4.spdx.json"), "pkg:deb/debian/tool@1:2.3-4?arch=all"));
}

TEST_CASE("package: its version is one of an image, and sorts as the package's")
{
  CHECK(bakery::image_version("1:2.3-4+deb12u1~x") == "2.3-4^deb12u1~x");
  CHECK(base::compare_versions(bakery::image_version("2.3-4+b1"), "2.3-4") > 0);
  CHECK(base::compare_versions(bakery::image_version("2.3-4+b1"), "2.3-5") < 0);
  CHECK(bakery::debian_architecture("x86-64") == "amd64");
}

TEST_CASE("package: one that is another than was asked for, or none, is refused")
{
  Kitchen kitchen;
  stock(kitchen, package_of({{"usr/bin/tool", "tool"}}, "1:2.3-5"));
  CHECK(contains(kitchen.refusal(), "untrusted: "));
  CHECK(contains(kitchen.refusal(), "it is tool 1:2.3-5, and the recipe asks for tool 1:2.3-4"));
  stock(kitchen, "!<arch>\n");
  CHECK(contains(kitchen.refusal(), "untrusted: "));
  stock(kitchen, "no archive at all");
  CHECK(contains(kitchen.refusal(), "this is no Debian package"));
  const std::string good = package_of({{"usr/bin/tool", "tool"}});
  stock(kitchen, good.substr(0, good.size() / 2));
  CHECK(contains(kitchen.refusal(), "untrusted: "));
}

TEST_CASE("package: what it would put outside is refused, and its control file is read only")
{
  const auto with = [](const std::vector<support::TarMember> &control,
                       const std::vector<support::TarMember> &data) {
    const support::TempRoot root({{"debian-binary", "2.0\n"},
                                  {"control.tar", support::tar_archive(control)},
                                  {"data.tar", support::tar_archive(data)}});
    run({"ar",
         "rcS",
         root.path() + "/out.deb",
         root.path() + "/debian-binary",
         root.path() + "/control.tar",
         root.path() + "/data.tar"});
    return root.read("out.deb");
  };
  const support::TarMember control{.name = "./control",
                                   .content = "Package: tool\nVersion: 1:2.3-4\n"};
  Kitchen kitchen;
  stock(kitchen, with({control}, {{.name = "./usr/a", .content = "a"}}));
  CHECK(kitchen.refusal() == "accepted");
  for (const support::TarMember &evil : std::vector<support::TarMember>{
           {.name = "../evil", .content = "x"},
           {.name = "/etc/evil", .content = "x"},
           {.name = "usr/dev", .type = '3', .major = 1, .minor = 3},
           {.name = "usr/l", .type = '1', .link = "../../../etc/passwd"}}) {
    CAPTURE(evil.name);
    stock(kitchen, with({control}, {evil}));
    CHECK(contains(kitchen.refusal(), "untrusted: "));
    stock(kitchen, with({control, evil}, {}));
    CHECK(contains(kitchen.refusal(), "untrusted: "));
  }
  stock(kitchen,
        with({control},
             {{.name = "usr", .type = '2', .link = "/etc"}, {.name = "usr/evil", .content = "x"}}));
  CHECK(contains(kitchen.refusal(), "untrusted: "));
  stock(kitchen, with({{.name = "control", .type = '2', .link = "/etc/passwd"}}, {}));
  CHECK(contains(kitchen.refusal(), "and the recipe asks for tool 1:2.3-4"));
}

TEST_CASE("package: what apt does not know is said with what to do")
{
  Kitchen kitchen("name: a\nversion: 1\nsources:\n"
                  "  s: {package: strake-no-such-package, version: 1, sha256: " +
                  std::string(64, '0') + "}\nfiles: [{source: s, to: /}]\n");
  const std::string refusal = kitchen.refusal();
  CHECK(contains(refusal, "not_found: "));
  CHECK(contains(refusal, "apt-cache policy strake-no-such-package"));
  CHECK(kitchen.host.root.dir().dir("store").entries().empty());
}

TEST_CASE("libraries: what a program needs of the sources goes with it, and is found there")
{
  const support::TempRoot libraries;
  const std::string inner =
      compiled("int inner(void) { return 7; }", {"-shared", "-Wl,-soname,libinner.so.1"});
  libraries.write("libinner.so", inner);
  const std::string outer =
      compiled("int inner(void); int outer(void) { return inner(); }",
               {"-shared", "-Wl,-soname,libouter.so.1", libraries.path() + "/libinner.so"});
  libraries.write("libouter.so", outer);
  const std::string program = compiled("int outer(void); int main(void) { return outer(); }",
                                       {libraries.path() + "/libouter.so",
                                        "-Wl,-rpath-link," + libraries.path(),
                                        "-Wl,--allow-shlib-undefined"});
  Kitchen kitchen(
      "name: tool\nversion: 1\narchitectures: " + base::native_architecture() +
      "\nsources: {all: {directory: all}}\nfiles:\n"
      "  - {source: all, path: usr/bin/tool, to: /usr/bin/tool, libraries: /usr/lib/tool}\n");
  kitchen.write("all/usr/bin/tool", program);
  std::filesystem::permissions(kitchen.host.root.path() + "/recipes/all/usr/bin/tool",
                               std::filesystem::perms::owner_all);
  kitchen.write("all/usr/lib/libouter.so.1.2", outer);
  kitchen.write("all/usr/lib/libouter.so.1", "-> libouter.so.1.2");
  kitchen.write("all/usr/lib/x86_64-linux-gnu/libinner.so.1", inner);
  kitchen.write("all/usr/lib/libunneeded.so.1", inner);
  const bakery::Product product = kitchen.bake(bakery::Work::check);
  const support::TempRoot out({{"x/", ""}});
  run({"fsck.erofs", "--extract=" + out.path() + "/tree", product.path});
  const auto elf = bakery::read_elf(out.dir().file("tree/usr/bin/tool"));
  REQUIRE(elf);
  CHECK(elf->paths == std::vector<std::string>{"/usr/lib/tool"});
  CHECK(std::find(elf->needed.begin(), elf->needed.end(), "libouter.so.1") != elf->needed.end());
  CHECK(elf->machine == bakery::elf_machine(base::native_architecture()));
  CHECK(elf->interpreter.find("ld-linux") != std::string::npos);
  CHECK(bakery::read_elf(out.dir().file("tree/usr/lib/tool/libouter.so.1"))->name ==
        "libouter.so.1");
  CHECK(out.exists("tree/usr/lib/tool/libinner.so.1"));
  CHECK_FALSE(out.exists("tree/usr/lib/tool/libunneeded.so.1"));
  CHECK_FALSE(out.exists("tree/usr/lib/tool/libc.so.6"));
}

TEST_CASE("libraries: they go with an ELF file only")
{
  Kitchen kitchen("name: tool\nversion: 1\nsources: {all: {directory: all}}\nfiles:\n"
                  "  - {source: all, path: tool, to: /usr/bin/tool, libraries: /usr/lib/tool}\n");
  kitchen.write("all/tool", "#!/bin/sh\n");
  CHECK(contains(kitchen.refusal(), "goes with a single ELF file"));
  kitchen.write("all/tool",
                std::string("\x7f"
                            "ELF\2\1\1\0 and nothing more",
                            24));
  CHECK(contains(kitchen.refusal(), "goes with a single ELF file"));
}
