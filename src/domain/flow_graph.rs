//! A flow drawn from left to right: which column and row each of its components stands in.

use std::collections::BTreeMap;

use super::flow::Descriptor;

/// The components with their places, and the links between them.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowGraph {
    /// By column, then by row.
    pub boxes: Vec<Placed>,
    pub links: Vec<GraphLink>,
    pub columns: usize,
    pub rows: usize,
}

/// A component in its place; both count from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub id: String,
    pub column: usize,
    pub row: usize,
}

/// A link from one box to another, by their positions in [`FlowGraph::boxes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphLink {
    pub from: usize,
    pub to: usize,
    pub out_ports: Vec<String>,
}

impl FlowGraph {
    /// Each component stands to the right of all that send to it; `height` orders those of one column. Links that close a
    /// circle go back to the left.
    pub fn of(descriptor: &Descriptor, height: impl Fn(&str) -> i64) -> Self {
        let columns = columns(descriptor);
        let mut order: Vec<(usize, i64, &String)> =
            columns.iter().map(|(id, column)| (*column, height(id), *id)).collect();
        order.sort();
        let mut boxes: Vec<Placed> = Vec::with_capacity(order.len());
        for (column, _, id) in order {
            let row = boxes.iter().rev().take_while(|before| before.column == column).count();
            boxes.push(Placed { id: id.clone(), column, row });
        }
        let at: BTreeMap<&str, usize> = boxes.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
        let links = senders(descriptor)
            .filter_map(|(to, from, out_ports)| Some(GraphLink { from: *at.get(from)?, to: *at.get(to)?, out_ports }))
            .collect();
        let columns = boxes.iter().map(|one| one.column + 1).max().unwrap_or_default();
        let rows = boxes.iter().map(|one| one.row + 1).max().unwrap_or_default();
        Self { boxes, links, columns, rows }
    }
}

/// Receiver, sender and the sender's ports, for each link.
fn senders(descriptor: &Descriptor) -> impl Iterator<Item = (&str, &str, Vec<String>)> {
    descriptor.nodes.iter().flat_map(|(to, node)| {
        node.source.values().flat_map(move |senders| {
            senders.iter().map(move |(from, ports)| (to.as_str(), from.as_str(), ports.names().to_vec()))
        })
    })
}

/// The longest way to each component, in links. A way that comes back to where it was ends there.
fn columns(descriptor: &Descriptor) -> BTreeMap<&String, usize> {
    fn longest<'a>(
        id: &'a str,
        descriptor: &'a Descriptor,
        known: &mut BTreeMap<&'a str, usize>,
        way: &mut Vec<&'a str>,
    ) -> usize {
        if let Some(column) = known.get(id) {
            return *column;
        }
        way.push(id);
        let node = descriptor.nodes.get(id);
        let senders = node.into_iter().flat_map(|node| node.source.values().flat_map(|senders| senders.keys()));
        let column = senders
            .filter(|sender| descriptor.nodes.contains_key(*sender))
            .filter_map(|sender| {
                let is_circle = way.contains(&sender.as_str());
                (!is_circle).then(|| longest(sender, descriptor, known, way) + 1)
            })
            .max()
            .unwrap_or_default();
        way.pop();
        known.insert(id, column);
        column
    }
    let mut known = BTreeMap::new();
    descriptor.nodes.keys().map(|id| (id, longest(id, descriptor, &mut known, &mut Vec::new()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn graph(flow: serde_json::Value) -> FlowGraph {
        let descriptor = Descriptor::read(flow.as_object().expect("an object")).expect("reads");
        FlowGraph::of(&descriptor, |id| i64::from(id.as_bytes()[0]))
    }

    fn place(graph: &FlowGraph, id: &str) -> (usize, usize) {
        let found = graph.boxes.iter().find(|one| one.id == id).expect("is drawn");
        (found.column, found.row)
    }

    #[test]
    fn a_component_stands_to_the_right_of_all_that_send_to_it() {
        let graph = graph(json!({
            "a": { "type": "v.s.m.A" },
            "b": { "type": "v.s.m.B", "source": { "in": { "a": ["out"] } } },
            "c": { "type": "v.s.m.C", "source": { "in": { "a": ["out"], "b": ["x", "y"] } } },
            "d": { "type": "v.s.m.D", "source": { "in": { "a": ["out"], "gone": ["out"] } } },
        }));
        assert_eq!((graph.columns, graph.rows), (3, 2));
        let places = ["a", "b", "d", "c"].map(|id| place(&graph, id));
        assert_eq!(places, [(0, 0), (1, 0), (1, 1), (2, 0)]);
        assert_eq!(graph.links.len(), 4, "a sender that is not there is not drawn");
    }

    #[test]
    fn a_circle_is_drawn_and_ends() {
        let graph = graph(json!({
            "a": { "type": "v.s.m.A", "source": { "in": { "b": ["out"] } } },
            "b": { "type": "v.s.m.B", "source": { "in": { "a": ["out"], "b": ["out"] } } },
        }));
        assert_eq!(graph.boxes.len(), 2);
        assert_eq!(graph.links.len(), 3);
    }

    #[test]
    fn an_empty_flow_is_an_empty_picture() {
        assert_eq!(graph(json!({})), FlowGraph { boxes: vec![], links: vec![], columns: 0, rows: 0 });
    }
}
