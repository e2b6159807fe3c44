// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/catalogue.hpp"
#include "bakery/new_file.hpp"
#include "bakery/published_names.hpp"
#include "base/host.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bakery {

/// Whether to do it, or only to say what would be done.
enum class Doing { perform, tell };

/// A repository that is being changed: its directory, its content, and what is known of that. As
/// long as this object lives nobody else changes it.
class Repository {
public:
  /// Opens it, and makes it if it is missing; to tell what would be done nothing is made or locked.
  /// Throws Kind::busy if another strake is at work on it.
  Repository(const base::Host &host, const std::string &path, Doing doing);

  /// Nothing if it is missing, and was not to be made.
  [[nodiscard]] const std::optional<base::Dir> &dir() const { return dir_; }

  [[nodiscard]] const PublishedNames &names() const { return names_; }

  /// By which clients reach it, as was last kept; empty if nothing was. It is not signed: a mirror
  /// has another one.
  [[nodiscard]] std::string url() const;
  /// Keeps it, durably.
  void set_url(const std::string &url);

  /// Takes over what the indexes name: from here on each of these names is known, and what none of
  /// them names is so since `now` at the latest.
  void learn(const std::vector<OfferedFile> &indexed, std::chrono::sys_seconds now);

  /// Makes sure that what the indexes name is there, and is what was published. A file of the size
  /// and time that is known is not read. Throws Kind::not_found for one that is missing and
  /// Kind::untrusted for one that has changed.
  void check_content(const std::vector<OfferedFile> &indexed);

  /// What new files are, by what they hold now. Throws Kind::config for one that was published with
  /// other bytes.
  [[nodiscard]] std::vector<OfferedFile> examine(const std::vector<NewFile> &files) const;

  /// Puts new files among the content as they were examined, each copied, compared with its hash,
  /// and durable under its name when this returns; no index names them yet. One that is there
  /// already is left as it is. After a failure or power cut the content has some of them more,
  /// which do no harm.
  void admit(const std::vector<NewFile> &files, const std::vector<OfferedFile> &examined);

  /// Those of these files that are not there, or not as they should be. What is of another time
  /// than is known is read.
  [[nodiscard]] std::vector<OfferedFile> missing(const std::vector<OfferedFile> &files);

  /// Where files are put that take_in() makes content of.
  [[nodiscard]] base::Dir incoming() const;
  /// The same; nothing if nothing ever came.
  [[nodiscard]] std::optional<base::Dir> find_incoming() const;
  /// Makes files that were put into incoming(), and are durable there, content. Durable when this
  /// returns.
  void take_in(const std::vector<OfferedFile> &files);

  /// Removes files that no index names, durably; they can be published again as what they were.
  void remove(const std::vector<std::string> &files);

  /// Keeps what is known of the names, durably.
  void remember();

private:
  [[nodiscard]] bool is_there_already(const NewFile &file) const;
  [[nodiscard]] OfferedFile examine(const NewFile &file) const;
  void copy_in(const OfferedFile &file, const base::Fd &source);

  const base::Host &host_;
  std::optional<base::Dir> dir_;
  std::optional<base::Dir> records_;
  PublishedNames names_;
  PublishedNames remembered_;
  std::map<std::string, std::int64_t> copied_; ///< in this run: names with the time of the file
};

} // namespace bakery
