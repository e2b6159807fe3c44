// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bakery/gather.hpp"
#include "bakery/recipe.hpp"
#include "verity/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bakery {

/// All that the bytes of an image follow from.
struct Inputs {
  std::string recipe_sha256;
  std::string name; ///< of the image
  std::string architecture;
  std::vector<Input> sources;
  std::uint64_t time = 0;
  std::string maker; ///< the program that makes the file system, with its version
  // For whoever judges the image later:
  std::vector<Allowance> allowed{};
  std::optional<std::uint64_t> size_limit{};
};

/// What was made of them.
struct Made {
  std::uint64_t size = 0;
  std::string sha256;
  std::optional<verity::Sha256> root_hash{}; ///< of a disk image
  std::optional<verity::Sha256> signer{};    ///< fingerprint of the certificate, if it is signed

  bool operator==(const Made &) const = default;
};

/// A digest of the inputs: the same as long as none of them changes.
std::string stamp_of(const Inputs &inputs);

/// The text of IMAGE.inputs.json: what an image was made of and what came of it.
std::string encode_record(const Inputs &inputs, const Made &made);

/// What is read from such a file again.
struct Record {
  std::string stamp;
  Made made;
  std::vector<Allowance> allowed{};
  std::optional<std::uint64_t> size_limit{};
};

/// No record or bill of materials is larger than this when it is read again.
inline constexpr std::size_t record_limit = std::size_t{64} << 20U;

/// Nothing for a text that is no such record: the image is made anew then.
std::optional<Record> parse_record(std::string_view text);

/// The text of IMAGE.spdx.json: an SPDX 2.3 document that says what the image has in it.
std::string encode_bill_of_materials(const Recipe &recipe,
                                     const Inputs &inputs,
                                     const std::vector<Gathered> &sources,
                                     const Made &made);

} // namespace bakery
