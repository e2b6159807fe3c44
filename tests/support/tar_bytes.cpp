// SPDX-License-Identifier: Apache-2.0
#include "support/tar_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace support {

namespace {

constexpr std::size_t block = 512;

std::string padded(std::string text)
{
  text.resize((text.size() + block - 1) / block * block, '\0');
  return text;
}

void put(std::string &header, std::size_t at, std::size_t width, const std::string &text)
{
  header.replace(at, std::min(width, text.size()), text.substr(0, width));
}

void put_number(std::string &header,
                std::size_t at,
                std::size_t width,
                const std::string &given,
                std::uint64_t honest)
{
  put(header, at, width, given.empty() ? fmt::format("{:0{}o}", honest, width - 1) : given);
}

std::string header_of(const TarMember &member)
{
  std::string header(block, '\0');
  put(header, 0, 100, member.name);
  put_number(header, 100, 8, member.mode, member.type == '5' ? 0755 : 0644);
  put_number(header, 108, 8, member.owner, 0);
  put_number(header, 116, 8, member.owner, 0);
  put_number(header, 124, 12, member.size, member.content.size());
  put_number(header, 136, 12, member.time, 1'000'000'000);
  put(header, 148, 8, "        ");
  header[156] = member.type;
  put(header, 157, 100, member.link);
  put(header,
      257,
      8,
      std::string("ustar\0"
                  "00",
                  8));
  put_number(header, 329, 8, "", member.major);
  put_number(header, 337, 8, "", member.minor);
  put(header, 345, 155, member.prefix);
  const unsigned sum =
      std::accumulate(header.begin(), header.end(), 0U, [](unsigned total, char one) {
        return total + static_cast<unsigned char>(one);
      });
  put(header,
      148,
      8,
      member.checksum.empty() ? fmt::format("{:06o}", sum) + '\0' + ' ' : member.checksum);
  return header;
}

/// "LENGTH KEY=VALUE\n", where the length counts its own digits.
std::string pax_record(const std::string &key, const std::string &value)
{
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t size = rest.size();
  while (fmt::format("{}", size).size() + rest.size() != size)
    size = fmt::format("{}", size).size() + rest.size();
  return fmt::format("{}{}", size, rest);
}

} // namespace

std::string tar_member(const TarMember &member)
{
  std::string bytes;
  if (!member.pax.empty()) {
    TarMember extended;
    extended.name = "pax";
    extended.type = 'x';
    for (const auto &[key, value] : member.pax)
      extended.content += pax_record(key, value);
    bytes = tar_member(extended);
  }
  return bytes + header_of(member) + padded(member.content);
}

std::string tar_archive(const std::vector<TarMember> &members)
{
  std::string bytes;
  for (const TarMember &member : members)
    bytes += tar_member(member);
  return bytes + std::string(2 * block, '\0');
}

std::string tar_base256(std::int64_t number, std::size_t width)
{
  std::string field(width, number < 0 ? '\xff' : '\0');
  auto rest = static_cast<std::uint64_t>(number);
  for (std::size_t at = width; at > width - 8 && at > 0; --at, rest >>= 8U)
    field[at - 1] = static_cast<char>(rest & 0xffU);
  field[0] = static_cast<char>(number < 0 ? 0xff : 0x80);
  return field;
}

} // namespace support
