// SPDX-License-Identifier: Apache-2.0
#include "fuzz.hpp"
#include "verity/hash_tree.hpp"

// What is accepted is written again as the same, and a tree that is said to fit does fit.
const fuzz::Registered superblock(
    {"superblock", {}, [](std::string_view input) {
       constexpr std::uint64_t data = std::uint64_t{1} << 30U;
       constexpr std::uint64_t tree = std::uint64_t{1} << 24U;
       const auto reading = verity::parse_superblock(std::as_bytes(std::span(input)));
       fuzz::demand(reading.superblock.has_value() == reading.refusal.empty(),
                    "there is a superblock or a reason");
       if (!reading.superblock)
         return;
       const verity::TreeShape &shape = reading.superblock->shape;
       fuzz::demand(
           verity::parse_superblock(verity::encode_superblock(*reading.superblock)).superblock ==
               reading.superblock,
           "it is written as it was");
       if (verity::unfit(shape, data, tree))
         return;
       fuzz::demand(verity::data_bytes(shape) <= data && verity::hash_bytes(shape) <= tree,
                    "what fits is not too large");
       for (const verity::TreeLevel &level : verity::levels_of(shape))
         fuzz::demand((level.first_block + level.blocks) * shape.hash_block_size <= tree,
                      "each level fits");
     }});
