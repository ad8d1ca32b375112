import KubeClient
import KubeRuntime

/// The stores of one resource type: one for all namespaces, or one for each namespace that is served.
struct ScopedStores<Object: StoredObject>: Sendable {
    /// By namespace; the key is nil for all of them.
    let scopes: [(namespace: String?, store: Store<Object>)]

    /// Makes empty stores; no `namespaces` means all.
    init(namespaces: [String]) {
        let scopes: [String?] = namespaces.isEmpty ? [nil] : namespaces
        self.scopes = scopes.map { ($0, Store()) }
    }

    /// The store that holds the objects of a namespace; nil when the namespace is not served.
    func store(for namespace: String) -> Store<Object>? {
        scopes.first { $0.namespace == nil || $0.namespace == namespace }?.store
    }

    func object(for key: ObjectKey) -> Object? { store(for: key.namespace)?.object(for: key) }

    /// Takes in the answer to an own write, so that no later decision rests on an older view.
    ///
    /// What it changes is returned: nothing where the same or a newer version was known.
    @discardableResult
    func apply(_ object: Object) -> [StoreChange<Object>] { store(for: object.key.namespace)?.apply(object) ?? [] }
}
