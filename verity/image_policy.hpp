// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace verity {

/// What an image policy (systemd.image-policy(7)) says of one partition.
struct PartitionRule {
  std::set<std::string> presence;     ///< "unprotected", "verity", …, "unused", "absent"
  std::set<std::string> flags;        ///< "read-only-on", "growfs-off", …; none: any
  std::set<std::string> file_systems; ///< "ext4", …; none: any

  bool operator==(const PartitionRule &) const = default;
};

/// How the content of a partition is protected against change.
enum class Protection {
  unprotected,
  encrypted,     ///< LUKS
  verity,        ///< by a hash tree, whose root hash is known
  signed_verity, ///< the root hash is also signed, by a key that is trusted here
};

/// The word of image policies for it: "unprotected", "encrypted", "verity" or "signed".
std::string_view name(Protection protection);

/// A partition as it is in an image, as far as policies speak of it.
struct PartitionFacts {
  bool is_read_only = false;
  bool may_grow = false;
  Protection protection = Protection::unprotected;
  /// Why it is not protected better, for the message of a refusal; may be empty.
  std::string shortcoming{};
};

enum class PartitionUse { use, ignore };

/// Which partitions of an image may, must and must not be there, and be used.
class ImagePolicy {
public:
  /// "*", "-", "~" or "root=FLAG+FLAG:usr=…:=…". Throws Kind::usage, naming the part that is not
  /// understood and what there is.
  static ImagePolicy parse(std::string_view text);

  /// What it was parsed from.
  [[nodiscard]] const std::string &text() const { return text_; }

  /// What is to become of a partition that is there, before anything else is known of it. Throws
  /// Kind::untrusted if the policy wants it absent. The partitions of a hash tree and of its
  /// signature follow the rule of the data they are about, unless they are named: where that allows
  /// neither verity nor signed, they are ignored or forbidden with the rest.
  [[nodiscard]] PartitionUse judge_presence(const std::string &designator) const;
  /// Whether it may be used at all when it is protected like this.
  [[nodiscard]] bool may_use(const std::string &designator, Protection protection) const;
  /// What to do with a partition that is there and protected like this. Throws Kind::untrusted if
  /// the policy forbids it, or asks for another protection.
  [[nodiscard]] PartitionUse judge(const std::string &designator,
                                   const PartitionFacts &facts) const;
  /// Throws Kind::untrusted if a partition that is not there is one that has to be.
  void judge_absence(const std::string &designator) const;
  /// Throws Kind::untrusted if the policy allows other file systems only.
  void judge_file_system(const std::string &designator, const std::string &type) const;

private:
  [[nodiscard]] const PartitionRule *named(const std::string &designator) const;
  [[nodiscard]] PartitionRule rule_of(const std::string &designator) const;

  std::string text_;
  std::map<std::string, PartitionRule> rules_;
  PartitionRule rest_; ///< of partitions that are not named
};

} // namespace verity
