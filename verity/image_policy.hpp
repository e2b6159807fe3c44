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

/// A partition as it is in an image, as far as policies speak of it.
struct PartitionFacts {
  bool is_read_only = false;
  bool may_grow = false;
};

enum class PartitionUse { use, ignore };

/// Which partitions of an image may, must and must not be there, and be used.
class ImagePolicy {
public:
  /// "*", "-", "~" or "root=FLAG+FLAG:usr=…:=…". Throws Kind::usage, naming the part that is not
  /// understood and what there is.
  static ImagePolicy parse(std::string_view text);

  /// What to do with a partition that is there, without dm-verity or encryption. Throws
  /// Kind::untrusted if the policy forbids it, or asks for a protection that is not given.
  [[nodiscard]] PartitionUse judge(const std::string &designator,
                                   const PartitionFacts &facts) const;
  /// Throws Kind::untrusted if a partition that is not there is one that has to be.
  void judge_absence(const std::string &designator) const;
  /// Throws Kind::untrusted if the policy allows other file systems only.
  void judge_file_system(const std::string &designator, const std::string &type) const;

private:
  [[nodiscard]] const PartitionRule &rule_of(const std::string &designator) const;

  std::map<std::string, PartitionRule> rules_;
  PartitionRule rest_; ///< of partitions that are not named
};

} // namespace verity
