// SPDX-License-Identifier: Apache-2.0
#include "bake_setting.hpp"
#include "bakery/image_contents.hpp"
#include "bakery/lint.hpp"
#include "base/program.hpp"
#include "support/extension_image.hpp"

#include <doctest/doctest.h>
#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

using bakery::Contents;
using bakery::Entry;
using bakery::Gravity;
using bakery::ImageClass;
using bakery::Subject;
using bakery_tests::contains;
using bakery_tests::Kitchen;

namespace {

void put(Contents &contents, const std::string &path, Entry entry)
{
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1))
    contents.entries.emplace(path.substr(0, slash), Entry{.mode = S_IFDIR | 0755});
  contents.entries[path] = std::move(entry);
}

Entry file(const std::string &text = "", mode_t mode = 0644)
{
  return {.mode = S_IFREG | mode, .size = text.size(), .head = text.substr(0, 16), .text = text};
}

Entry directory()
{
  return {.mode = S_IFDIR | 0755};
}

Entry symlink(const std::string &target)
{
  return {.mode = S_IFLNK | 0777, .target = target};
}

Entry program(std::vector<std::string> needed,
              std::vector<std::string> paths = {},
              unsigned machine = EM_X86_64)
{
  Entry entry = file("\x7f"
                     "ELF");
  entry.elf =
      bakery::Elf{.machine = machine, .needed = std::move(needed), .paths = std::move(paths)};
  return entry;
}

/// An extension that no rule finds anything in.
Subject good()
{
  Subject subject{.name = "hello", .architecture = "x86-64"};
  put(subject.contents,
      "usr/lib/extension-release.d/extension-release.hello",
      file("ID=debian\nVERSION_ID=13\nARCHITECTURE=x86-64\n"));
  put(subject.contents, "usr/bin/hello", file("#!/bin/sh\n", 0755));
  return subject;
}

std::string found(const Subject &subject, const bakery::Surroundings &around = {})
{
  std::string text;
  for (const bakery::Finding &each : bakery::lint(subject, around, {}))
    text += fmt::format(
        "{}{} {} {}", text.empty() ? "" : "\n", each.rule, bakery::name(each.gravity), each.path);
  return text;
}

std::string found_with(const std::string &path, Entry entry)
{
  Subject subject = good();
  put(subject.contents, path, std::move(entry));
  return found(subject);
}

const std::string unit = "usr/lib/systemd/system/";

} // namespace

TEST_CASE("lint: a good extension passes")
{
  CHECK(found(good()).empty());
}

TEST_CASE("lint: the release file has the extension's name, and is the only one")
{
  Subject subject = good();
  subject.name = "other";
  CHECK(found(subject) ==
        "release-name error /usr/lib/extension-release.d/extension-release.other\n"
        "release-name error /usr/lib/extension-release.d/extension-release.hello");
  subject.image_class = ImageClass::root;
  CHECK(found(subject).empty());
}

TEST_CASE("lint: the release file fits some system")
{
  const auto with = [](const std::string &release) {
    return found_with("usr/lib/extension-release.d/extension-release.hello", file(release));
  };
  const std::string finding =
      "release-match error /usr/lib/extension-release.d/extension-release.hello";
  CHECK(with("VERSION_ID=13\n") == finding);
  CHECK(with("ID=debian\n") == finding);
  CHECK(with("ID=debian\nCONFEXT_LEVEL=1\n") == finding);
  CHECK(with("ID=debian\nSYSEXT_LEVEL=1\n").empty());
  CHECK(with("ID=_any\n").empty());
  CHECK(with("ID=_any\nARCHITECTURE=arm64\n") == finding);
  CHECK(with("ID=_any\nARCHITECTURE=_any\n").empty());
}

TEST_CASE("lint: an extension says of no system what it is")
{
  CHECK(found_with("usr/lib/os-release", file()) == "os-release error /usr/lib/os-release");
}

TEST_CASE("lint: an image is no larger than it may be")
{
  Subject subject = good();
  subject.size = 1001;
  subject.size_limit = 1001;
  CHECK(found(subject).empty());
  subject.size = 1002;
  CHECK(found(subject) == "size-limit error ");
}

TEST_CASE("lint: nothing lies where nothing is merged")
{
  CHECK(found_with("etc/x", file()) == "outside-hierarchy error /etc");
  CHECK(found_with("var/lib/x", file()) == "outside-hierarchy error /var");
  CHECK(found_with("opt/x", file()).empty());
  Subject confext{.name = "c", .image_class = ImageClass::confext};
  put(confext.contents, "etc/extension-release.d/extension-release.c", file("ID=_any\n"));
  CHECK(found(confext).empty());
  put(confext.contents, "usr/x", file());
  CHECK(found(confext) == "outside-hierarchy error /usr");
}

TEST_CASE("lint: nothing but a directory has the name of a directory of the system")
{
  CHECK(found_with("usr/lib64", symlink("lib")) == "hidden-directory error /usr/lib64");
  CHECK(found_with("opt", file()) == "hidden-directory error /opt");
}

TEST_CASE("lint: /usr/sbin has the shape that it has in the system")
{
  CHECK(found_with("usr/sbin/x", file()) == "usr-sbin warning /usr/sbin");
  CHECK(found_with("usr/sbin", symlink("bin")) == "usr-sbin error /usr/sbin");
  Subject subject = good();
  put(subject.contents, "usr/sbin/x", file());
  Contents base;
  put(base, "usr/sbin", symlink("bin"));
  CHECK(found(subject, {.base = &base}) == "usr-sbin error /usr/sbin");
  put(base, "usr/sbin", directory());
  CHECK(found(subject, {.base = &base}).empty());
}

TEST_CASE("lint: indexes of kernel modules are made when extensions are merged")
{
  CHECK(found_with("usr/lib/modules/6.1/modules.dep", file()) ==
        "modules-dep error /usr/lib/modules/6.1/modules.dep");
  CHECK(found_with("usr/lib/modules/6.1/modules.alias.bin", file()) ==
        "modules-dep error /usr/lib/modules/6.1/modules.alias.bin");
  CHECK(found_with("usr/lib/modules/6.1/extra/modules.ko", file()).empty());
}

TEST_CASE("lint: what the system has as well is named")
{
  Subject subject = good();
  Contents base;
  put(base, "usr/bin/other", file());
  CHECK(found(subject, {.base = &base}).empty());
  put(base, "usr/bin/hello", file());
  CHECK(found(subject, {.base = &base}) == "base-collision error /usr/bin/hello");
  put(base, "usr/bin/hello", directory());
  CHECK(found(subject, {.base = &base}) == "base-collision error /usr/bin/hello");
}

TEST_CASE("lint: what another extension has as well is named, but not by itself")
{
  const Subject subject = good();
  Subject other = good();
  CHECK(found(subject, {.others = {&subject, &other}}).empty());
  other.name = "other";
  CHECK(found(subject, {.others = {&subject, &other}}) ==
        "extension-collision error /usr/bin/hello");
  other.image_class = ImageClass::confext;
  CHECK(found(subject, {.others = {&subject, &other}}).empty());
}

TEST_CASE("lint: programs that run as somebody else are named")
{
  CHECK(found_with("usr/bin/s", file("", 04755)) == "setuid error /usr/bin/s");
  CHECK(found_with("usr/bin/s", file("", 02755)) == "setuid error /usr/bin/s");
  CHECK(found_with("usr/bin/s", {.mode = S_IFDIR | 02755}).empty());
}

TEST_CASE("lint: devices, pipes and sockets are named")
{
  CHECK(found_with("usr/x", {.mode = S_IFCHR | 0600}) == "special-file error /usr/x");
  CHECK(found_with("usr/x", {.mode = S_IFIFO | 0600}) == "special-file error /usr/x");
}

TEST_CASE("lint: content with a time in it is named")
{
  using namespace std::string_literals;
  CHECK(found_with("usr/x.gz", file("\x1f\x8b\x08\0\1\2\3\4\0\3data"s)) ==
        "not-reproducible error /usr/x.gz");
  CHECK(found_with("usr/x.gz", file("\x1f\x8b\x08\0\0\0\0\0\0\3data"s)).empty());
  CHECK(found_with("usr/x.pyc", file("\xa7\r\r\n\0\0\0\0\1\2\3\4size"s)) ==
        "not-reproducible error /usr/x.pyc");
  CHECK(found_with("usr/x.pyc", file("\xa7\r\r\n\1\0\0\0\1\2\3\4hash"s)).empty());
}

TEST_CASE("lint: libraries that are neither in the image nor in the system are named")
{
  const std::string path = "usr/bin/p";
  CHECK(found_with(path, program({"libc.so.6"})).empty());
  CHECK(found_with(path, program({"libjq.so.1"})) == "unresolved-library warning /usr/bin/p");
  Subject subject = good();
  put(subject.contents, path, program({"libjq.so.1", "libc.so.6"}));
  Contents base;
  put(base, "usr/lib/x86_64-linux-gnu/libc.so.6", file());
  CHECK(found(subject, {.base = &base}) == "unresolved-library error /usr/bin/p");
  SUBCASE("where loaders look")
  {
    put(subject.contents, "usr/lib/x86_64-linux-gnu/libjq.so.1", symlink("libjq.so.1.0"));
  }
  SUBCASE("where the program says")
  {
    put(subject.contents, path, program({"libjq.so.1", "libc.so.6"}, {"/usr/lib/p"}));
    put(subject.contents, "usr/lib/p/libjq.so.1", file());
  }
  SUBCASE("where the program says, beside itself")
  {
    put(subject.contents, path, program({"libjq.so.1", "libc.so.6"}, {"$ORIGIN/../lib/p"}));
    put(subject.contents, "usr/lib/p/libjq.so.1", file());
  }
  SUBCASE("in the system")
  {
    put(base, "usr/lib64/libjq.so.1", file());
  }
  SUBCASE("where the program says, in the system")
  {
    put(subject.contents, path, program({"libjq.so.1", "libc.so.6"}, {"/usr/lib/private"}));
    put(base, "usr/lib/private/libjq.so.1", file());
  }
  CHECK(found(subject, {.base = &base}).empty());
  put(base, "usr/lib/x86_64-linux-gnu/libc.so.6", directory());
  CHECK(found(subject, {.base = &base}) == "unresolved-library error /usr/bin/p");
}

TEST_CASE("lint: a loader that the system does not have is named")
{
  Subject subject = good();
  Entry musl = program({});
  musl.elf->interpreter = "/lib/ld-musl-x86_64.so.1";
  put(subject.contents, "usr/bin/p", musl);
  CHECK(found(subject).empty());
  Contents base;
  CHECK(found(subject, {.base = &base}) == "unresolved-library error /usr/bin/p");
  put(base, "usr/lib/ld-musl-x86_64.so.1", file());
  CHECK(found(subject, {.base = &base}).empty());
}

TEST_CASE("lint: programs of another machine are named")
{
  CHECK(found_with("usr/bin/p", program({}, {}, EM_AARCH64)) ==
        "elf-architecture error /usr/bin/p");
  CHECK(found_with("usr/lib/x.bpf.o", program({}, {}, EM_BPF)).empty());
  CHECK(found_with("usr/lib/firmware/x", program({}, {}, EM_ARM)).empty());
  Subject any = good();
  any.architecture = "any";
  put(any.contents, "usr/bin/p", program({}));
  CHECK(found(any) == "elf-architecture error /usr/bin/p");
}

TEST_CASE("lint: a unit that nothing starts is named, whatever the way is")
{
  const std::string path = unit + "a.service";
  const std::string finding = "unit-not-started error /" + path;
  Subject subject = good();
  put(subject.contents, path, file("[Service]\nExecStart=/usr/bin/hello\n"));
  CHECK(found(subject) == finding);
  SUBCASE("by itself")
  {
    put(subject.contents, path, file("[Unit]\nWants=b.service\n"));
    CHECK(found(subject) == finding);
    return;
  }
  SUBCASE("by another that is not started")
  {
    put(subject.contents, unit + "a.timer", file("[Timer]\nOnCalendar=daily\n"));
    CHECK(found(subject) == "unit-not-started error /" + unit + "a.timer");
    return;
  }
  SUBCASE("an alias")
  {
    put(subject.contents, unit + "b.service", symlink("a.service"));
    CHECK(found(subject) == finding);
    put(subject.contents, unit + "x.target.d/b.conf", file("[Unit]\nWants=b.service\n"));
  }
  SUBCASE("a drop-in")
  {
    put(subject.contents,
        unit + "multi-user.target.d/50-a.conf",
        file("[Unit]\nUpholds=b.service a.service\n"));
  }
  SUBCASE("a symlink")
  {
    put(subject.contents, unit + "multi-user.target.wants/a.service", symlink("../a.service"));
  }
  SUBCASE("a socket")
  {
    put(subject.contents, unit + "a.socket", file("[Socket]\nListenStream=/run/a\n"));
    put(subject.contents, unit + "sockets.target.wants/a.socket", symlink("../a.socket"));
  }
  SUBCASE("a timer of another name")
  {
    put(subject.contents, unit + "b.timer", file("[Timer]\nOnCalendar=daily\nUnit=a.service\n"));
    put(subject.contents, unit + "timers.target.wants/b.timer", symlink("../b.timer"));
  }
  SUBCASE("D-Bus")
  {
    put(subject.contents,
        "usr/share/dbus-1/system-services/a.service",
        file("[D-BUS Service]\nName=a\nSystemdService=a.service\n"));
  }
  SUBCASE("udev")
  {
    put(subject.contents,
        "usr/lib/udev/rules.d/a.rules",
        file("KERNEL==\"x\", ENV{SYSTEMD_WANTS}+=\"a.service\"\n"));
  }
  CHECK(found(subject).empty());
}

TEST_CASE("lint: a template is started by any of its instances, and the system may start units too")
{
  Subject subject = good();
  put(subject.contents, unit + "a@.service", file("[Service]\n"));
  CHECK(found(subject) == "unit-not-started error /" + unit + "a@.service");
  Contents base;
  put(base, unit + "x.target.wants/a@1.service", symlink("../a@.service"));
  CHECK(found(subject, {.base = &base}).empty());
  put(subject.contents, unit + "broken.target", file("[Unit\nWants=b.service\n[x] y\n"));
  CHECK(found(subject, {.base = &base}).empty());
}

TEST_CASE("lint: users that nothing makes are named")
{
  const std::string path = unit + "a.service";
  const auto with = [&](const std::string &service) {
    Subject subject = good();
    put(subject.contents, path, file("[Service]\n" + service));
    put(subject.contents, unit + "x.target.wants/a.service", symlink("../a.service"));
    return subject;
  };
  const std::string finding = "unknown-user error /" + path;
  CHECK(found(with("User=web\n")) == finding);
  CHECK(found(with("SupplementaryGroups=video web\n")) == finding);
  CHECK(found(with("User=root\nGroup=nogroup\n")).empty());
  CHECK(found(with("User=web\nDynamicUser=yes\n")).empty());
  CHECK(found(with("User=%i\n")).empty());
  CHECK(found(with("User=1000\n")).empty());
  Subject subject = with("User=web\nGroup=webgroup\n");
  put(subject.contents,
      "usr/lib/sysusers.d/web.conf",
      file("#x y\nu web - \"a\"\nm web webgroup\n"));
  CHECK(found(subject).empty());
  Contents base;
  put(base, "etc/passwd", file("root:x:0:0\nweb:x:99:99\n"));
  CHECK(found(with("User=web\n"), {.base = &base}).empty());
  CHECK(found_with("usr/lib/tmpfiles.d/a.conf",
                   file("#d /x - y z\nd /var/lib/a 0755 web root -\n")) ==
        "unknown-user error /usr/lib/tmpfiles.d/a.conf");
  CHECK(found_with("usr/lib/tmpfiles.d/a.conf", file("d /var/lib/a 0755 - :root -\n")).empty());
}

TEST_CASE("lint: what is allowed is marked with the reason, and there is no rule without words")
{
  Subject subject = good();
  put(subject.contents, "usr/bin/s", file("", 04755));
  const auto findings = bakery::lint(subject, {}, {{"setuid", "it is sudo"}});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].allowed == "it is sudo");
  CHECK_FALSE(bakery::has_errors(findings));
  CHECK(bakery::has_errors(bakery::lint(subject, {}, {})));
  CHECK_THROWS_AS(bakery::check_allowances({{"setuit", "x"}}), base::Error);
  for (const bakery::LintRule &rule : bakery::lint_rules()) {
    CHECK_FALSE(rule.reason.empty());
    CHECK_FALSE(rule.fix.empty());
    bakery::check_allowances({{std::string(rule.id), "x"}});
  }
}

TEST_CASE("lint: an image with an error is not published, unless that is allowed")
{
  const std::string recipe =
      "name: a\nversion: 1\nfiles: [{to: /usr/bin/s, text: s, mode: 4755}]\n";
  Kitchen kitchen(recipe);
  CHECK(contains(kitchen.refusal(), "config: "));
  CHECK(contains(kitchen.refusal(), "setuid: /usr/bin/s: its mode is 4755"));
  CHECK_FALSE(kitchen.host.root.exists("out/a_1.raw"));
  CHECK_FALSE(kitchen.host.root.exists("out/.bake-a_1"));
  kitchen.write("recipe.yaml", recipe + "allow: {setuid: a test}\n");
  CHECK(kitchen.bake().findings.at(0).allowed == "a test");
  kitchen.write("recipe.yaml", recipe + "allow: {setuids: a test}\n");
  CHECK(contains(kitchen.refusal(), "there is no rule \"setuids\""));
}

TEST_CASE("lint: an image is compared with the system it is for")
{
  Kitchen kitchen("name: a\nversion: 1\nfiles: [{to: /usr/bin/s, text: s}]\n");
  kitchen.host.root.write("system/usr/bin/s", "x");
  bakery::BakeRequest request = kitchen.request();
  request.base = kitchen.host.root.path() + "/system";
  CHECK_THROWS_AS((void)bakery::bake(kitchen.host.host, request), base::Error);
}

TEST_CASE("lint: of a system only what extensions are merged with is read")
{
  const support::TempRoot root({{"usr/lib/sysusers.d/x.conf", "u x -\n"},
                                {"usr/bin/x", "x"},
                                {"bin", "-> usr/bin"},
                                {"etc/passwd", "root:x:0:0"},
                                {"home/x", "x"},
                                {"proc/x", "x"}});
  const Contents system = bakery::read_system(root.dir());
  CHECK(system.find("usr/bin/x")->head.empty());
  CHECK(system.find("usr/lib/sysusers.d/x.conf")->text == "u x -\n");
  CHECK(system.find("etc/passwd")->text == "root:x:0:0");
  CHECK(system.find("bin")->target == "usr/bin");
  CHECK(system.find("home") == nullptr);
  CHECK(system.find("proc") == nullptr);
}

TEST_CASE("lint: images are taken apart whatever they are, and what was allowed is known")
{
  for (const std::string format :
       {"erofs", "squashfs", "erofs\ncontainer: ddi", "squashfs\ncontainer: ddi"}) {
    CAPTURE(format);
    Kitchen kitchen("name: a\nversion: 1\narchitectures: x86-64\nsize-limit: 1\n"
                    "files: [{to: /usr/bin/s, text: s, mode: 4755}]\n"
                    "allow: {setuid: a test, size-limit: so}\nformat: " +
                    format + "\n");
    const bakery::OpenedImage opened =
        bakery::open_image_contents(kitchen.host.host, kitchen.bake().path);
    CHECK(opened.subject.name == "a");
    CHECK(opened.subject.architecture == "x86-64");
    CHECK(opened.subject.size_limit == 1);
    CHECK(opened.allowed.size() == 2);
    CHECK(found(opened.subject) == "size-limit error \nsetuid error /usr/bin/s");
  }
}

TEST_CASE("lint: an image whose names lead outside writes nothing there")
{
  Kitchen kitchen;
  // From /var/tmp/.strake-lint-PID/tree/d to the root of the machine and to this test's directory.
  const std::string name = "../../../../.." + kitchen.host.root.path() + "/evil";
  std::string placeholder = name;
  std::replace(placeholder.begin(), placeholder.end(), '/', '#');
  kitchen.host.root.write("tree/d/" + placeholder, "evil");
  const base::Finished done =
      base::ProcessRunner().run({.argv = {"mkfs.erofs",
                                          "--quiet",
                                          "-Enoinline_data,nosbcrc",
                                          kitchen.host.root.path() + "/image",
                                          kitchen.host.root.path() + "/tree"}});
  REQUIRE(done.status == 0);
  std::string image = kitchen.host.root.read("image");
  const std::size_t at = image.find(placeholder);
  REQUIRE(at != std::string::npos);
  kitchen.host.root.write("evil.raw", image.replace(at, name.size(), name));
  CHECK_THROWS_AS(
      (void)bakery::open_image_contents(kitchen.host.host, kitchen.host.root.path() + "/evil.raw"),
      base::Error);
  CHECK_FALSE(kitchen.host.root.exists("evil"));
}

TEST_CASE("lint: a /usr partition is judged as what it is, and a system is none of an extension")
{
  Kitchen kitchen("name: os\nversion: 1\nclass: usr\narchitectures: x86-64\ncontainer: ddi\n"
                  "files: [{to: /lib/os-release, text: ID=x}]\n");
  const bakery::OpenedImage opened =
      bakery::open_image_contents(kitchen.host.host, kitchen.bake().path);
  CHECK(opened.subject.image_class == ImageClass::root);
  CHECK(opened.subject.contents.find("usr/lib/os-release") != nullptr);
  CHECK(found(opened.subject).empty());
}

TEST_CASE("lint: a directory is judged as an image is, and what is none is refused")
{
  Kitchen kitchen;
  const auto refusal = [&](const std::string &path) {
    try {
      (void)bakery::open_image_contents(kitchen.host.host, kitchen.host.root.path() + path);
    } catch (const base::Error &error) {
      return std::string(base::name(error.kind())) + ": " + error.what();
    }
    return std::string("accepted");
  };
  kitchen.host.root.write("dir_1/usr/bin/a", "a");
  CHECK(refusal("/dir_1") == "accepted");
  CHECK(contains(refusal("/nothing.raw"), "not_found: "));
  kitchen.host.root.write("junk.raw", "junk");
  CHECK(contains(refusal("/junk.raw"), "config: "));
  std::string image = support::erofs_of({{"usr/a", std::string(100'000, 'a')}});
  image.resize(image.size() / 2);
  kitchen.host.root.write("cut.raw", image);
  CHECK(contains(refusal("/cut.raw"), "config: "));
}
