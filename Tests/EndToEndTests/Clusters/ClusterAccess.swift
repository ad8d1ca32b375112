import Foundation
import KubeClient

/// The test's access to its cluster: plain API calls with JSON values.
final class ClusterAccess: Sendable {
    let configuration: ClusterConfiguration
    let transport: CurlTransport
    let client: KubeClient

    init(kubeconfig: URL) throws {
        configuration = try ClusterConfiguration.load(
            explicitPath: kubeconfig.path, context: nil, environment: ProcessInfo.processInfo.environment)
        transport = try CurlTransport(configuration: configuration, userAgent: "towline-end-to-end")
        client = KubeClient(transport: transport)
    }

    func close() async { await transport.shutdown() }

    func isReady() async throws -> Bool {
        try await transport.send(HTTPRequest(.get, "/readyz")).status == 200
    }

    func get(_ type: ResourceType, _ namespace: String, _ name: String) async throws -> JSONValue? {
        let key = ObjectKey(namespace: namespace, name: name)
        let decoder = Self.tree
        do {
            return try await client.get(type, key, decoding: decoder)
        } catch {
            guard error.isNotFoundObject else { throw error }
            return nil
        }
    }

    func list(_ type: ResourceType, _ namespace: String) async throws -> [JSONValue] {
        try await client.list(type, namespace: namespace, decoding: Self.tree).items
    }

    @discardableResult
    func create(_ type: ResourceType, _ namespace: String?, _ object: JSONValue) async throws -> JSONValue {
        try await client.create(type, namespace: namespace, body: object.encoded, decoding: Self.tree)
    }

    @discardableResult
    func merge(
        _ type: ResourceType, _ namespace: String, _ name: String, _ patch: JSONValue, subresource: String? = nil
    ) async throws -> JSONValue {
        try await client.patch(
            type, ObjectKey(namespace: namespace, name: name), subresource: subresource, .merge(patch.encoded),
            decoding: Self.tree)
    }

    func delete(_ type: ResourceType, _ namespace: String, _ name: String) async throws {
        try await client.delete(type, ObjectKey(namespace: namespace, name: name))
    }

    static let tree: ObjectDecoder<JSONValue> = { (cursor) throws(JSONError) in try cursor.readValue() }
}

/// The resource types that the tests use.
enum Types {
    static let namespace = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
    static let execution = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    static let environment = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "environments", kind: "Environment")
    static let lifecycle = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "lifecycles", kind: "Lifecycle")
    static let workflowDefinition = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowdefinitions", kind: "WorkflowDefinition")
    static let pipeline = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelines", kind: "Pipeline")
    static let pipelineRun = ResourceType(
        group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    static let taskRun = ResourceType(group: "tekton.dev", version: "v1", plural: "taskruns", kind: "TaskRun")
    static let customRun = ResourceType(
        group: "tekton.dev", version: "v1beta1", plural: "customruns", kind: "CustomRun")
    static let pod = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
    static let workflowTemplate = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflowtemplates", kind: "WorkflowTemplate")
    static let workflow = ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
    static let event = ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event")
    static let definition = ResourceType(
        group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition")
}
