// SPDX-License-Identifier: Apache-2.0
#include "bakery/file_system_image.hpp"

#include "bakery/identity.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"

namespace bakery {

namespace {

std::vector<std::string> erofs_compression(Compression compression)
{
  switch (compression) {
  case Compression::best:
    return {"-zlz4hc,12", "-C65536"};
  case Compression::fast:
    return {"-zlz4", "-C65536"};
  case Compression::none:
    return {};
  }
  return {};
}

std::vector<std::string>
erofs_command(const FileSystemFacts &facts, const std::string &tree, const std::string &image)
{
  std::vector<std::string> argv = {"mkfs.erofs",
                                   "--quiet",
                                   "--all-root",
                                   fmt::format("-T{}", facts.time),
                                   "-U" + uuid_from(facts.identity + " file system").text(),
                                   "-x-1",
                                   // Whole blocks of data can be mounted from a file directly, and
                                   // differ less between versions than those that share a block
                                   // with inodes.
                                   "-Enoinline_data"};
  const auto compression = erofs_compression(facts.compression);
  argv.insert(argv.end(), compression.begin(), compression.end());
  argv.insert(argv.end(), {image, tree});
  return argv;
}

std::vector<std::string> squashfs_compression(Compression compression)
{
  switch (compression) {
  case Compression::best:
    return {"-comp", "zstd", "-Xcompression-level", "19"};
  case Compression::fast:
    return {"-comp", "zstd", "-Xcompression-level", "3"};
  case Compression::none:
    return {"-noI", "-noD", "-noF", "-noX"};
  }
  return {};
}

std::vector<std::string>
squashfs_command(const FileSystemFacts &facts, const std::string &tree, const std::string &image)
{
  std::vector<std::string> argv = {"mksquashfs",
                                   tree,
                                   image,
                                   "-all-root",
                                   "-noappend",
                                   "-no-xattrs",
                                   "-no-progress",
                                   "-quiet",
                                   "-mkfs-time",
                                   std::to_string(facts.time),
                                   "-all-time",
                                   std::to_string(facts.time)};
  const auto compression = squashfs_compression(facts.compression);
  argv.insert(argv.end(), compression.begin(), compression.end());
  return argv;
}

std::string first_line(const std::string &text)
{
  return text.substr(0, text.find('\n'));
}

} // namespace

void make_file_system(const base::Host &host,
                      const FileSystemFacts &facts,
                      const std::string &tree,
                      const std::string &image)
{
  const auto argv = facts.format == FileSystem::erofs ? erofs_command(facts, tree, image)
                                                      : squashfs_command(facts, tree, image);
  const base::Finished done = host.programs.run({.argv = argv, .limit = std::chrono::hours(2)});
  if (done.status != 0)
    base::fail(base::Kind::io,
               "{} failed: {}",
               argv.front(),
               base::printable(done.errors.empty() ? done.output : done.errors));
}

std::string file_system_maker(const base::Host &host, FileSystem format)
{
  const bool is_erofs = format == FileSystem::erofs;
  const std::string program = is_erofs ? "mkfs.erofs" : "mksquashfs";
  if (!host.programs.exists(program))
    base::fail(base::Kind::config,
               "there is no {} on this machine; install {}",
               program,
               is_erofs ? "erofs-utils" : "squashfs-tools");
  // mkfs.erofs prints its version on either, whatever it thinks of the option.
  const base::Finished done = host.programs.run({.argv = {program, is_erofs ? "-V" : "-version"}});
  const std::string line = first_line(done.output.empty() ? done.errors : done.output);
  return base::printable(line);
}

} // namespace bakery
