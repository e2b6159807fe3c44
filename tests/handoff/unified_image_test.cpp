// SPDX-License-Identifier: Apache-2.0
#include "base/dir.hpp"
#include "handoff/unified_image.hpp"
#include "handoff/unified_image_bytes.hpp"
#include "support/temp_root.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE_BEGIN("handoff/unified_image");

using handoff::UnifiedImageReading;
using handoff_test::Section;
using handoff_test::unified_image;

namespace {

UnifiedImageReading read(const std::string &bytes)
{
  const support::TempRoot root{{"image.efi", bytes}};
  return handoff::read_unified_image(root.dir().file("image.efi"));
}

const std::vector<Section> sections = {
    {".osrel", "ID=os\n"}, {".cmdline", "quiet"}, {".linux", "a kernel"}};

} // namespace

TEST_CASE("the texts of an image are read, and that it has a kernel")
{
  const UnifiedImageReading reading = read(unified_image(sections));
  REQUIRE(reading.image);
  CHECK(reading.image->texts ==
        std::map<std::string, std::string>{{".osrel", "ID=os\n"}, {".cmdline", "quiet"}});
  CHECK(reading.image->has_kernel);
  CHECK_FALSE(read(unified_image({{".osrel", "ID=os\n"}})).image->has_kernel);
}

TEST_CASE("a text ends with its first zero byte")
{
  CHECK(read(unified_image({{".cmdline", std::string("quiet\0junk", 10)}}))
            .image->texts.at(".cmdline") == "quiet");
}

TEST_CASE("what is no image is refused with the reason")
{
  const std::string image = unified_image(sections);
  CHECK(read("").refusal == "it is no program that firmware could start");
  CHECK(read("#!/bin/sh\n").refusal == "it is no program that firmware could start");
  std::string spoilt = image;
  spoilt.at(handoff_test::pe_offset) = 'X';
  CHECK(read(spoilt).refusal == "it is no program that firmware could start");
  spoilt = image;
  spoilt.at(handoff_test::pe_offset + 6) = 97;
  CHECK(read(spoilt).refusal == "it claims to have 97 sections");
  CHECK(read(image.substr(0, handoff_test::table_offset + 50)).refusal ==
        "it ends within its table of sections");
  CHECK(read(image.substr(0, image.size() - 1)).refusal ==
        "its section .linux reaches beyond the end of the file");
  CHECK(read(unified_image({{".osrel", std::string((1U << 20U) + 1, 'x')}})).refusal ==
        "its section .osrel has 1048577 bytes, too many for a text");
}

TEST_CASE("no image that is cut off anywhere is read beyond its end")
{
  const std::string image = unified_image(sections);
  for (std::size_t length = 0; length < image.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(read(image.substr(0, length)).image);
  }
}

TEST_SUITE_END();
