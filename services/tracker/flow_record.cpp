#include "tracker/flow_record.h"

namespace reel::tracker {
namespace {

// Bits of a claim's verdict byte.
constexpr std::uint8_t verdict_mask = 7;
constexpr std::uint8_t late_bit = 8;
constexpr std::uint8_t warned_bit = 16;
constexpr std::uint8_t impossible_bit = 32;

// From when the claim was armed; a deadline that stood in A may be before that. 0: none.
std::uint64_t packed_deadline(std::uint64_t armed_at, std::uint64_t deadline) {
  return deadline == no_deadline ? 0 : zigzag(static_cast<std::int64_t>(deadline - armed_at)) + 1;
}
std::uint64_t deadline_of(std::uint64_t armed_at, std::uint64_t packed) {
  return packed == 0 ? no_deadline : armed_at + static_cast<std::uint64_t>(unzigzag(packed - 1));
}

RecordHead read_head(Reader& reader) {
  const std::uint64_t version = reader.varint();
  if (version != flow_record_version) {
    throw RecordError{"a stored flow has format " + std::to_string(version) + ", this release reads " +
                      std::to_string(flow_record_version)};
  }
  RecordHead head;
  head.correlation = reader.id();
  head.steps = reader.small();
  head.started_at = reader.varint();
  head.last_at = head.started_at + reader.varint();
  return head;
}

void read_instances(Reader& reader, const DefinitionSet& definitions, Flow& flow) {
  for (std::uint32_t left = reader.small(); left != 0; --left) {
    const std::uint32_t definition = reader.small();
    if (definition > 0xffff || !definitions.contains(static_cast<DefinitionIndex>(definition)))
      throw RecordError{"a stored flow names an unknown definition"};
    const auto index = static_cast<DefinitionIndex>(definition);
    Instance& instance = flow.add_instance(index, definitions[index]);
    const std::uint8_t state = reader.byte();
    if (!v1::FlowState_IsValid(state)) throw RecordError{"a stored flow has an unknown state"};
    instance.state = static_cast<v1::FlowState>(state);
    instance.completions = reader.small();
    instance.started_at = flow.started_at + reader.varint();
    instance.ended_by = reader.small();
    instance.overdue = reader.small();
    instance.met_late = reader.small();
    instance.broken = reader.small();
  }
}

void read_claims(Reader& reader, const DefinitionSet& definitions, std::uint32_t steps, Flow& flow) {
  for (std::uint32_t left = reader.small(); left != 0; --left) {
    Claim& claim = flow.claims.emplace_back();
    claim.instance = static_cast<std::uint16_t>(reader.small());
    claim.rule = static_cast<std::uint16_t>(reader.small());
    const std::uint8_t verdict = reader.byte();
    claim.verdict = static_cast<v1::Verdict>(verdict & verdict_mask);
    claim.detected_late = (verdict & late_bit) != 0;
    claim.warned = (verdict & warned_bit) != 0;
    claim.impossible = (verdict & impossible_bit) != 0;
    claim.after_step = reader.small();
    if (claim.after_step >= steps) throw RecordError{"a stored claim was armed by no step"};
    claim.seen = reader.small();
    claim.armed_at = flow.started_at + reader.varint();
    claim.deadline = deadline_of(claim.armed_at, reader.varint());
    const std::uint64_t settled = reader.varint();
    claim.settled_at = settled == 0 ? 0 : claim.armed_at + settled - 1;

    if (claim.instance >= flow.instances.size()) throw RecordError{"a stored claim names no instance"};
    Instance& instance = flow.instances[claim.instance];
    const Definition& definition = definitions[instance.definition];
    if (claim.rule >= definition.rules.size()) throw RecordError{"a stored claim names no expectation"};
    const Rule& rule = definition.rules[claim.rule];
    if (rule.keeps_stated_deadline()) claim.stated_deadline = deadline_of(claim.armed_at, reader.varint());
    if (rule.keeps_values()) claim.values = reader.bytes(reader.small());
    if (!claim.open()) continue;
    claim.due = due_of(rule, claim);
    if (definition.is_owed(claim.rule)) ++instance.open_claims;
    flow.enqueue(static_cast<ClaimIndex>(flow.claims.size() - 1));
  }
}

}  // namespace

// An instance and a claim have at most so many numbers, and a claim its values.
std::size_t packed_bytes_max(const Flow& flow) {
  constexpr std::size_t head_numbers = 12;
  constexpr std::size_t numbers_max = 10;
  std::size_t values = 0;
  for (const Claim& claim : flow.claims) values += claim.values.size();
  const std::size_t numbers = head_numbers + numbers_max * (flow.instances.size() + flow.claims.size());
  return numbers * varint_bytes_max + values + flow.correlation.size() + flow.parent.size() +
         flow.steps.chunk(flow.steps.chunks() - 1).size();
}

char* pack(const Flow& flow, const DefinitionSet& definitions, char* to) {
  Writer out{to};
  out.varint(flow_record_version);
  out.bytes(flow.correlation);
  out.varint(flow.steps.count());
  out.varint(flow.started_at);
  out.varint(flow.last_at - flow.started_at);
  out.varint(flow.steps.last_offset());
  out.varint(flow.first_topic);
  out.varint(flow.last_topic);
  out.varint(flow.parent.size());
  out.bytes(flow.parent);

  out.varint(flow.instances.size());
  for (const Instance& instance : flow.instances) {
    out.varint(instance.definition);
    out.byte(static_cast<std::uint8_t>(instance.state));
    out.varint(instance.completions);
    out.varint(instance.started_at - flow.started_at);
    out.varint(instance.ended_by);
    out.varint(instance.overdue);
    out.varint(instance.met_late);
    out.varint(instance.broken);
  }
  out.varint(flow.claims.size());
  for (const Claim& claim : flow.claims) {
    out.varint(claim.instance);
    out.varint(claim.rule);
    out.byte(static_cast<std::uint8_t>(claim.verdict | (claim.detected_late ? late_bit : 0) |
                                       (claim.warned ? warned_bit : 0) |
                                       (claim.impossible ? impossible_bit : 0)));
    out.varint(claim.after_step);
    out.varint(claim.seen);
    out.varint(claim.armed_at - flow.started_at);
    out.varint(packed_deadline(claim.armed_at, claim.deadline));
    out.varint(claim.open() ? 0 : claim.settled_at - claim.armed_at + 1);
    const Rule& rule = definitions[flow.instances[claim.instance].definition].rules[claim.rule];
    if (rule.keeps_stated_deadline()) out.varint(packed_deadline(claim.armed_at, claim.stated_deadline));
    if (!rule.keeps_values()) continue;
    out.varint(claim.values.size());
    out.bytes(claim.values);
  }
  out.bytes(flow.steps.chunk(flow.steps.chunks() - 1));
  return out.at();
}

void unpack(std::string_view record, const DefinitionSet& definitions, Flow& flow,
            std::span<const std::string> earlier) {
  flow.clear();
  Reader reader{record};
  const RecordHead head = read_head(reader);
  flow.correlation.assign(head.correlation);
  flow.started_at = head.started_at;
  flow.last_at = head.last_at;
  const std::uint64_t last_offset = reader.varint();
  flow.first_topic = reader.small();
  flow.last_topic = reader.small();
  flow.parent.assign(reader.bytes(reader.small()));
  read_instances(reader, definitions, flow);
  read_claims(reader, definitions, head.steps, flow);
  if (earlier.size() != chunks_before(head.steps)) throw RecordError{"a stored flow lacks some of its steps"};
  for (const std::string& chunk : earlier) flow.steps.add_chunk(chunk);
  flow.steps.add_chunk(reader.rest());
  flow.steps.resume(head.steps, last_offset, head.last_at);
}

RecordHead head_of(std::string_view record) {
  Reader reader{record};
  return read_head(reader);
}

}  // namespace reel::tracker
