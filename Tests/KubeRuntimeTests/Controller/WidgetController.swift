import KubeClient

@testable import KubeRuntime

extension ResourceType {
    static let widgets = ResourceType(group: "example.dev", version: "v1", plural: "widgets", kind: "Widget")
    static let gadgets = ResourceType(group: "example.dev", version: "v1", plural: "gadgets", kind: "Gadget")
    static let parts = ResourceType(group: "example.dev", version: "v1", plural: "parts", kind: "Part")
}

/// An object of a kind that only these tests have: a `Widget` or a `Gadget` with a size, or a `Part` of one of them.
struct Widget: StoredObject {
    let key: ObjectKey
    let uid: String
    let resourceVersion: ResourceVersion
    let size: Int64
    /// The widget that a part belongs to.
    let owner: String?
    /// What the status says; nil before the first reconciliation.
    let summary: String?

    static let decoder: ObjectDecoder<Widget> = { (cursor) throws(JSONError) in
        let json = try cursor.readValue()
        func text(_ path: [String]) -> String { json[path: path]?.stringValue ?? "" }
        return Widget(
            key: ObjectKey(namespace: text(["metadata", "namespace"]), name: text(["metadata", "name"])),
            uid: text(["metadata", "uid"]), resourceVersion: ResourceVersion(text(["metadata", "resourceVersion"])),
            size: json[path: ["spec", "size"]]?.integerValue ?? 0, owner: json[path: ["spec", "owner"]]?.stringValue,
            summary: json[path: ["status", "summary"]]?.stringValue)
    }
}

/// A whole controller in a few lines: it writes the size and the number of parts of each widget into its status.
struct WidgetController {
    let controller: Controller

    init(
        _ type: ResourceType, namespaces: [String] = [], services: [BackgroundService] = [],
        managedBy manager: ControllerManager
    ) {
        let widgets = ScopedStores<Widget>(namespaces: namespaces)
        let parts = ScopedStores<Widget>(namespaces: namespaces)
        var settings = ControllerSettings(workers: 2)
        settings.reconcileTimeout = .seconds(30)
        controller = Controller(
            for: type, settings: settings, managedBy: manager,
            sources: [
                ControllerSource(
                    type, role: .primary, settings: ReflectorSettings(), remedy: "install it",
                    decoding: Widget.decoder, into: widgets
                ) { change, _ in change.object.map { [.changed($0.key)] } ?? [] },
                ControllerSource(
                    .parts, role: .secondary, settings: ReflectorSettings(), remedy: "install it",
                    decoding: Widget.decoder, into: parts
                ) { change, _ in
                    guard let part = change.object, let owner = part.owner else { return [] }
                    return [.changed(ObjectKey(namespace: part.key.namespace, name: owner))]
                },
            ],
            queue: manager.makeQueue(for: type, workers: settings.workers),
            takeover: manager.isElected ? TakeoverSync(type, widgets, managedBy: manager) : nil, services: services,
            initialRequests: { widgets.scopes.flatMap { $0.store.snapshot().map { .recheck($0.key) } } }
        ) { key, _, logger in
            guard let widget = widgets.object(for: key) else { return .success }
            let count = parts.store(for: key.namespace)?.snapshot().count { $0.owner == key.name } ?? 0
            let summary = "size \(widget.size), \(count) parts"
            guard widget.summary != summary else { return .success }
            let patch: JSONValue = ["status": ["summary": .string(summary)]]
            do {
                widgets.apply(
                    try await manager.client.patch(
                        type, key, subresource: "status", .merge(patch.encoded), decoding: Widget.decoder))
                return .success
            } catch {
                logger.warn("Could not write the status", ["error": .foreign("\(error)")])
                return .failed()
            }
        }
    }
}

extension StoreChange {
    /// The object that was added or changed.
    fileprivate var object: Object? {
        switch self {
        case .added(let object), .changed(_, let object): object
        case .deleted, .quarantined, .vanished, .synced, .unavailable: nil
        }
    }
}
