package import KubeClient

/// Checks, and may change, new objects before they are stored, as the admission webhooks of a controller do.
///
/// It runs in the process of the API server, so it is always reachable. Only creates are reviewed.
package struct AdmissionWebhook: Sendable {
    /// Finds a stored object by resource, namespace, and name; nil if there is none.
    package typealias Lookup = @Sendable (GroupVersionResource, _ namespace: String, _ name: String) -> JSONValue?

    /// The name in the message of a denial, such as `validation.webhook.pipeline.tekton.dev`.
    package let name: String
    /// The resource whose objects are reviewed.
    package let resource: GroupVersionResource
    /// Changes the object before it is validated.
    package var mutate: @Sendable (inout JSONValue, Lookup) -> Void = { _, _ in }
    /// Returns why the object is denied; nil if it is allowed.
    package var validate: @Sendable (JSONValue) -> String? = { _ in nil }

    package init(name: String, resource: GroupVersionResource) {
        self.name = name
        self.resource = resource
    }
}

extension Cluster {
    package func install(_ webhook: AdmissionWebhook) {
        webhooks.withLock { installed in
            installed.removeAll { $0.name == webhook.name }
            installed.append(webhook)
        }
    }

    /// Lets the webhooks of a resource change a new object.
    func mutate(_ object: inout JSONValue, _ served: ServedResource) {
        for webhook in webhooks.withLock({ $0 }) where webhook.resource == served.resource {
            webhook.mutate(&object) { resource, namespace, name in
                try? self.get(resource, namespace: namespace, name: name)
            }
        }
    }

    /// Lets the webhooks of a resource deny a new object; the error is the one of a real API server.
    func admit(_ object: JSONValue, _ served: ServedResource) throws(StatusError) {
        for webhook in webhooks.withLock({ $0 }) where webhook.resource == served.resource {
            guard let why = webhook.validate(object) else { continue }
            throw .badRequest("admission webhook \"\(webhook.name)\" denied the request: \(why)")
        }
    }
}
