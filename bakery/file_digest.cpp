// SPDX-License-Identifier: Apache-2.0
#include "bakery/file_digest.hpp"

#include "base/error.hpp"

#include <sys/stat.h>

#include <span>
#include <vector>

namespace bakery {

namespace {

constexpr std::size_t piece_size = std::size_t{1} << 20U;
constexpr int deepest = 100;

/// A text with its length in front, so that no two lists of texts give the same bytes.
void add_text(verity::Digest &digest, std::string_view text)
{
  const std::string length = fmt::format("{}:", text.size());
  digest.update(std::as_bytes(std::span(length)));
  digest.update(std::as_bytes(std::span(text)));
}

void add_tree(verity::Digest &digest, const base::Dir &dir, int depth)
{
  if (depth > deepest)
    base::fail(base::Kind::config, "{} lies deeper than {} directories", dir.path(), deepest);
  for (const base::DirEntry &entry : dir.entries()) {
    add_text(digest, entry.name);
    if (entry.type == S_IFDIR) {
      add_text(digest, "directory");
      add_tree(digest, dir.dir(entry.name), depth + 1);
      add_text(digest, "end");
    } else if (entry.type == S_IFLNK) {
      add_text(digest, "symlink");
      add_text(digest, dir.link_target(entry.name).value_or(""));
    } else if (entry.type == S_IFREG) {
      const auto status = dir.status(entry.name);
      const bool is_program = status && (status->st_mode & 0111U) != 0;
      add_text(digest, is_program ? "program" : "file");
      add_text(digest, verity::hex(digest_of_file(dir.file(entry.name))));
    } else {
      base::fail(base::Kind::config,
                 "{} is no file, directory or symlink; a source has nothing else",
                 dir.display(entry.name));
    }
  }
}

} // namespace

verity::Sha256 digest_of_file(const base::Fd &file)
{
  verity::Digest digest;
  std::vector<std::byte> buffer(piece_size);
  for (std::uint64_t offset = 0;;) {
    const std::size_t count = base::read_at(file, offset, buffer);
    digest.update(base::Bytes(buffer).first(count));
    offset += count;
    if (count < buffer.size())
      return digest.finish();
  }
}

verity::Sha256 digest_of_tree(const base::Dir &tree)
{
  verity::Digest digest;
  add_tree(digest, tree, 0);
  return digest.finish();
}

} // namespace bakery
