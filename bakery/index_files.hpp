// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/dir.hpp"
#include "base/sys.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace bakery {

/// The publisher's own directory in a repository.
inline constexpr const char *records_directory = ".strake";

/// A file of the index, or a symlink in it.
struct IndexFile {
  enum class Kind { file, link };
  Kind kind = Kind::file;
  std::string text; ///< its content, or where it leads

  bool operator==(const IndexFile &) const = default;
};

/// All files of a repository that say what is in it, by their paths beneath it. They change
/// together.
using IndexFiles = std::map<std::string, IndexFile>;

/// Puts these files in the place of all that are published now.
///
/// They lie in `.strake/NUMBER`, and at the top of the repository there are symlinks to
/// `.strake/current/…`; `.strake/current` leads to the NUMBER that counts. So one rename publishes
/// all: whatever happens, by a failure or a power cut, what can be read by the names at the top are
/// the files of one call, the last that returned or this one. What a cut left is removed by the
/// next call. Files that are as they were are not written again. The files of the call before are
/// kept for those who are reading them.
///
/// `time` becomes the time of what is new; a web server makes tags of it, so it must differ from
/// call to call by a second. Throws Kind::config, before anything is changed, for something at the
/// top that is in the way.
void replace_index(base::Sys &sys,
                   const base::Dir &repository,
                   const IndexFiles &files,
                   std::chrono::sys_seconds time);

/// Whether these files are what is published, with nothing to be changed.
bool is_published(const base::Dir &repository, const IndexFiles &files);

/// A file of the index as it is published; nothing if there is none.
std::optional<std::string> read_index_file(const base::Dir &repository, const std::string &path);

} // namespace bakery
