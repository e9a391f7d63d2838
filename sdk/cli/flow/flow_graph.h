// A flow as nodes and edges, drawn with a pen: what Mermaid and Graphviz draw alike.
//
// An event, a round node for each service that got it or waits for it, and from there the events that the
// service published for it. Pure.
#pragma once

#include <string>
#include <vector>

#include "story/flow_picture.h"

namespace reel::cli {

using namespace story;

enum class NodeKind : std::uint8_t { event, delivery, owed };
enum class NodeLook : std::uint8_t { plain, failed, waiting };

/// Draws. Texts are foreign; a pen makes them safe for what it writes. Ids are letters and digits.
class GraphPen {
 public:
  virtual ~GraphPen() = default;
  virtual void node(const std::string& id, NodeKind kind, NodeLook look,
                    const std::vector<std::string>& lines) = 0;
  /// `longest`: it stands for the longest part of the flow.
  virtual void edge(const std::string& from, const std::string& to, const std::vector<std::string>& lines,
                    bool longest) = 0;
};

void draw_graph(const FlowPicture& picture, GraphPen& pen);

}  // namespace reel::cli
