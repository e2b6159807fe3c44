// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "verity/digest.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// What an image is for: an extension of /usr and /opt or of /etc, or a file system to boot from.
enum class ImageClass { sysext, confext, root, usr };
enum class FileSystem { erofs, squashfs };
/// Whether space or time counts; both are read equally fast.
enum class Compression { best, fast, none };
/// A file system alone, or in a partition table with its hash tree and the signature of that.
enum class Container { naked, ddi };

std::string_view name(ImageClass image_class);
std::string_view name(FileSystem format);
std::string_view name(Container container);

/// The architecture of an image that has none.
inline constexpr std::string_view any_architecture = "any";

/// A value, or one for each architecture.
struct PerArchitecture {
  std::map<std::string, std::string> values{}; ///< under "" where it is the same for all

  /// Nothing if this architecture has none.
  [[nodiscard]] std::optional<std::string> of(const std::string &architecture) const;

  bool operator==(const PerArchitecture &) const = default;
};

enum class SourceKind {
  file,      ///< beside the recipe
  directory, ///< beside the recipe
  url,       ///< fetched
  package,   ///< from Debian's archive, as this machine's apt knows it
};

/// Where something comes from. What it holds is said by its hash: nothing of it is parsed or
/// unpacked before that was compared.
struct Source {
  std::string id;
  SourceKind kind = SourceKind::file;
  PerArchitecture place{};       ///< path, URL, or name of the package
  std::string package_version{}; ///< of a package
  bool unpack = false;           ///< it is a tar archive, and what is in it is meant
  PerArchitecture sha256{};      ///< hex digits; for what lies beside the recipe it may be missing
  std::string where;             ///< "FILE:LINE:COLUMN", for messages

  bool operator==(const Source &) const = default;
};

/// One thing that goes into the image.
struct Placement {
  std::string to; ///< where, without the leading "/"; "" is the top
  // One of these three:
  std::string source{};              ///< id of a source
  std::optional<std::string> text{}; ///< content of a file
  std::string link{};                ///< target of a symlink

  std::string path{};                ///< what of a source with several files; "" is all of it
  std::vector<std::string> except{}; ///< what of it is left out
  std::optional<unsigned> mode{};    ///< of a single file
  /// Where the libraries go that the ELF file needs and that are found among the sources.
  std::string libraries{};
  std::string where;

  bool operator==(const Placement &) const = default;
};

/// A unit of the service manager.
struct Unit {
  std::string name;
  std::optional<std::string> text{}; ///< its content; none: it comes with the files
  std::string start{};               ///< the unit that starts it and keeps it; "" for none
  std::string where;

  bool operator==(const Unit &) const = default;
};

/// Which systems an extension is for.
struct Match {
  std::string os = "_any"; ///< ID=
  std::string version{};   ///< VERSION_ID=
  std::string level{};     ///< SYSEXT_LEVEL= or CONFEXT_LEVEL=

  bool operator==(const Match &) const = default;
};

/// Where a version that is not written in the recipe is found.
struct VersionFrom {
  std::string package{}; ///< id of a source that is a package: its upstream version
  std::string file{};    ///< or a file beside the recipe,
  std::string after{};   ///< in which it stands behind this text

  bool operator==(const VersionFrom &) const = default;
};

/// A lint rule that is not to be applied, and why.
struct Allowance {
  std::string rule;
  std::string reason;

  bool operator==(const Allowance &) const = default;
};

/// What a recipe says; see docs/formats/recipe.md.
struct Recipe {
  std::string name;
  std::string version{};
  std::optional<VersionFrom> version_from{};
  std::string description{};
  std::string license{}; ///< an SPDX expression
  ImageClass image_class = ImageClass::sysext;
  std::vector<std::string> architectures{std::string(any_architecture)};
  FileSystem format = FileSystem::erofs;
  Compression compression = Compression::best;
  Container container = Container::naked;
  std::optional<std::uint64_t> time{};       ///< of all files, in seconds since 1970
  std::optional<std::uint64_t> size_limit{}; ///< of the image, in bytes
  Match match{};
  std::map<std::string, std::string> release{}; ///< more fields of extension-release
  std::vector<Source> sources{};
  std::vector<Placement> files{};
  std::vector<Unit> units{};
  std::vector<std::string> restart{}; ///< units to restart when the extension comes or changes
  std::vector<std::string> reload{};  ///< units to reload, or restart where they cannot be
  std::vector<Allowance> allow{};

  [[nodiscard]] const Source *find_source(const std::string &id) const;

  bool operator==(const Recipe &) const = default;
};

/// NAME_VERSION_ARCHITECTURE, without the last part where there is none.
std::string image_name(const Recipe &recipe, const std::string &architecture);

} // namespace bakery
