// SPDX-License-Identifier: Apache-2.0
#include "bakery/package.hpp"

#include "bakery/workspace.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/tar.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <map>

namespace bakery {

using base::Kind;

namespace {

using Archive = base::Unique<archive, ::archive_read_free>;

struct ArchitectureRow {
  std::string_view systemd;
  std::string_view debian;
};

constexpr std::array<ArchitectureRow, 10> architectures{{
    {"x86-64", "amd64"},
    {"x86", "i386"},
    {"arm64", "arm64"},
    {"arm", "armhf"},
    {"riscv64", "riscv64"},
    {"ppc64-le", "ppc64el"},
    {"s390x", "s390x"},
    {"loongarch64", "loong64"},
    {"mips64-le", "mips64el"},
    {"mips-le", "mipsel"},
}};

void check(archive *reader, int result)
{
  if (result == ARCHIVE_OK || result == ARCHIVE_EOF)
    return;
  const char *const why = ::archive_error_string(reader);
  base::fail(Kind::untrusted,
             "this is no Debian package: {}",
             base::printable(why != nullptr ? why : "bad data"));
}

void copy_member(base::Sys &sys, archive *reader, const base::Fd &file)
{
  std::vector<std::byte> buffer(std::size_t{1} << 18U);
  for (std::uint64_t at = 0;;) {
    const la_ssize_t count = ::archive_read_data(reader, buffer.data(), buffer.size());
    if (count < 0)
      check(reader, static_cast<int>(count));
    if (count <= 0)
      return;
    const auto length = static_cast<std::size_t>(count);
    sys.write_at(file, at, base::Bytes(buffer).first(length));
    at += length;
  }
}

/// A package is an ar archive of "debian-binary", "control.tar" and "data.tar", the last two
/// compressed in several ways.
std::map<std::string, base::Fd>
split_package(base::Sys &sys, const base::Fd &package, const base::Dir &scratch)
{
  const Archive reader(::archive_read_new());
  if (!reader)
    base::fail(Kind::no_space, "there is not enough memory to read a package");
  check(reader.get(), ::archive_read_support_format_ar(reader.get()));
  constexpr std::size_t block = std::size_t{1} << 16U;
  check(reader.get(), ::archive_read_open_fd(reader.get(), package.number(), block));
  std::map<std::string, base::Fd> parts;
  archive_entry *entry = nullptr;
  for (;;) {
    const int result = ::archive_read_next_header(reader.get(), &entry);
    check(reader.get(), result);
    if (result == ARCHIVE_EOF)
      return parts;
    const char *const name = ::archive_entry_pathname(entry);
    const std::string text = name != nullptr ? name : "";
    for (const std::string_view part : {"control.tar", "data.tar"})
      if (text.starts_with(part) && !parts.contains(std::string(part))) {
        base::Fd file = sys.create_unnamed(scratch);
        copy_member(sys, reader.get(), file);
        parts.emplace(part, std::move(file));
      }
  }
}

PackageFacts parse_control(const std::string &text)
{
  std::map<std::string, std::string> fields;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    start = end + 1;
    if (const std::size_t colon = line.find(": "); colon != std::string::npos && line[0] != ' ')
      fields.emplace(line.substr(0, colon), line.substr(colon + 2));
  }
  return {.name = fields["Package"],
          .version = fields["Version"],
          .architecture = fields["Architecture"]};
}

} // namespace

std::string debian_architecture(const std::string &architecture)
{
  for (const ArchitectureRow &row : architectures)
    if (row.systemd == architecture)
      return std::string(row.debian);
  return architecture;
}

base::Fd fetch_package(const base::Host &host,
                       Store &store,
                       const PackageName &wanted,
                       const verity::Sha256 &hash)
{
  if (auto found = store.find(hash))
    return std::move(*found);
  std::string full = wanted.name;
  if (wanted.architecture != "any")
    full += ":" + debian_architecture(wanted.architecture);
  full += "=" + wanted.version;
  host.say(base::Level::info, "fetching the package {}", full);
  return base::during(fmt::format("fetching the package {}", full), [&] {
    return store.add(hash, [&](const base::Dir &dir, const std::string &name) {
      // apt knows mirrors, proxies and keys of this machine; it puts the file where it runs.
      const Workspace place(host.sys, dir, ".apt-" + wanted.name);
      const base::Finished done = host.programs.run({.argv = {"env",
                                                              "--chdir=" + place.path(),
                                                              "apt-get",
                                                              "--quiet",
                                                              "-oAPT::Sandbox::User=root",
                                                              "download",
                                                              full},
                                                     .limit = std::chrono::minutes(10)});
      const auto entries = place.dir().entries();
      if (done.status != 0 || entries.size() != 1)
        base::fail(Kind::not_found,
                   "apt-get cannot download it: {}; \"apt-cache policy {}\" shows the versions "
                   "there are",
                   base::printable(done.errors.substr(0, done.errors.find('\n'))),
                   wanted.name);
      host.sys.rename(place.dir(), entries.front().name, dir, name, base::Replace::no);
    });
  });
}

PackageFacts unpack_package(base::Sys &sys,
                            const base::Fd &package,
                            const base::Dir &into,
                            const base::Dir &scratch)
{
  const auto parts = split_package(sys, package, scratch);
  for (const char *part : {"control.tar", "data.tar"})
    if (!parts.contains(part))
      base::fail(Kind::untrusted, "this is no Debian package: it has no {}", part);
  base::extract_tar(sys, parts.at("control.tar"), scratch, unpack_limits);
  base::extract_tar(sys, parts.at("data.tar"), into, unpack_limits);
  return parse_control(scratch.text("control").value_or(""));
}

std::string image_version(std::string_view package_version)
{
  const std::size_t colon = package_version.find(':');
  std::string version(colon == std::string_view::npos ? package_version
                                                      : package_version.substr(colon + 1));
  std::replace(version.begin(), version.end(), '+', '^');
  return version;
}

} // namespace bakery
