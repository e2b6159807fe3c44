// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace support {

/// One member of a tar archive as a test wants it, however wrong. What is "" or unset is made as
/// an honest archive has it.
struct TarMember {
  std::string name;
  char type = '0';
  std::string link = "";
  std::string content = "";
  /// The fields of the header as bytes, in the place of the honest octal digits.
  std::string mode = "";
  std::string owner = "";
  std::string size = "";
  std::string time = "";
  std::string checksum = "";
  unsigned major = 0;
  unsigned minor = 0;
  std::string prefix = "";
  /// Records of a pax header in front of it.
  std::vector<std::pair<std::string, std::string>> pax = {};
};

/// The bytes of one member: pax header, header, content, padding.
std::string tar_member(const TarMember &member);

/// Many members and the two blocks of zeros behind them.
std::string tar_archive(const std::vector<TarMember> &members);

/// A number in the base-256 form of a field of `width` bytes.
std::string tar_base256(std::int64_t number, std::size_t width);

} // namespace support
