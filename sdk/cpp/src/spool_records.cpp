#include "spool_records.h"

#include <google/protobuf/io/coded_stream.h>

#include <array>

#include "event/uuid.h"

namespace reel::sdk {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using Header = std::array<std::uint8_t, spool_header_bytes>;

/// Larger than any event a broker takes: not a length to believe.
constexpr std::uint32_t record_bytes_max = 256u << 20;

std::uint32_t check_of(std::string_view event) {
  return static_cast<std::uint32_t>(hash_128({event}).low);
}

}  // namespace

std::string spool_record(std::string_view event) {
  Header header;
  auto* const check =
      CodedOutputStream::WriteLittleEndian32ToArray(static_cast<std::uint32_t>(event.size()), header.data());
  CodedOutputStream::WriteLittleEndian32ToArray(check_of(event), check);
  std::string record{header.begin(), header.end()};
  return record += event;
}

SpoolRecords::SpoolRecords(const std::filesystem::path& path, std::uint64_t from)
    : file_{path, std::ios::binary}, at_{from} {
  file_.seekg(static_cast<std::streamoff>(from));
}

std::optional<std::string> SpoolRecords::next() {
  Header header;
  if (!file_.read(reinterpret_cast<char*>(header.data()), header.size())) return std::nullopt;
  std::uint32_t size = 0, check = 0;
  const auto* const behind_size = CodedInputStream::ReadLittleEndian32FromArray(header.data(), &size);
  CodedInputStream::ReadLittleEndian32FromArray(behind_size, &check);
  if (size > record_bytes_max) return std::nullopt;
  std::string event(size, '\0');
  if (!file_.read(event.data(), size) || check_of(event) != check) return std::nullopt;
  at_ += header.size() + size;
  return event;
}

}  // namespace reel::sdk
