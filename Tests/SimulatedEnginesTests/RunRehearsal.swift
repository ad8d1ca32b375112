import KubeClient
import KubeRuntime
import TestSupport

@testable import APIServer
@testable import Schema
@testable import SimulatedEngines

/// Runs one simulated run on virtual time, step by step, and applies the user's changes in between.
struct RunRehearsal<Run: SimulatedRun> {
    let time: VirtualTime
    let cluster: FakeCluster
    let loop: RunDriver<Run>
    let resource: GroupVersionResource
    let key: ObjectKey

    /// Creates the run and advances it until it is finished.
    ///
    /// If `spec` changes between two recorded versions, a user did that; the simulated run gets the same change once it
    /// has as many versions.
    func play(_ run: JSONValue, asRecorded recorded: [JSONValue] = []) async throws {
        let object = try await cluster.create(resource, namespace: key.namespace, run, fieldManager: "test")
        loop.observe(.added(object))
        for _ in 0..<1000 {
            let outcome = await loop.proceed(key)
            if try await actAsUser(recorded) { continue }
            guard case .requeue(let delay) = outcome else { return }
            time.advance(by: delay)
        }
    }

    private func actAsUser(_ recorded: [JSONValue]) async throws -> Bool {
        let count = cluster.life(resource.resource, key.name).count
        guard count > 2, recorded.indices.contains(count),
            let patch = MergePatch.difference(
                from: recorded[count - 1]["spec"] ?? .null, to: recorded[count]["spec"] ?? .null)
        else { return false }
        let object = try await cluster.patch(
            resource, namespace: key.namespace, name: key.name, merge: ["spec": patch], subresource: nil,
            fieldManager: "test")
        loop.observe(.modified(object))
        return true
    }
}

extension SandboxEnvironment {
    /// Virtual time, and a fixed sequence instead of randomness.
    static func virtual(_ time: VirtualTime) -> SandboxEnvironment {
        let counter = Locked(UInt64(0))
        return SandboxEnvironment(
            clock: time.wallClock(),
            random: {
                counter.withLock { count in
                    count += 1
                    return count &* 0x9E37_79B9_7F4A_7C15
                }
            },
            sleep: { try await time.sleep(for: $0) })
    }
}

/// Compares written versions with recorded ones, ignoring what differs from run to run.
struct Difference {
    /// Keys at any depth whose values are not compared, but whose presence is.
    var volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "startTime", "completionTime",
        "startedAt", "finishedAt", "finallyStartTime", "tekton.dev/pipelineRunUID",
        "workflows.argoproj.io/trace-id", "resourcesDuration",
    ]
    /// Keys that are ignored.
    var ignored: Set<String> = []

    /// The first difference between two lists of versions; nil if they are equal.
    func first(_ actual: [JSONValue], _ recorded: [JSONValue], in name: String) -> String? {
        for index in 0..<min(actual.count, recorded.count) {
            if let path = first(actual[index], recorded[index], at: "\(name)[\(index)]") { return path }
        }
        return actual.count == recorded.count ? nil : "\(name): \(actual.count) states, recorded \(recorded.count)"
    }

    private func first(_ actual: JSONValue, _ recorded: JSONValue, at path: String) -> String? {
        switch (actual, recorded) {
        case (.object(let mine), .object(let theirs)):
            for key in Set(mine.keys).union(theirs.keys).sorted() where !ignored.contains(key) {
                let place = "\(path).\(key)"
                switch (mine[key], theirs[key]) {
                case (let mine?, let theirs?):
                    if volatile.contains(key) { continue }
                    if let found = first(mine, theirs, at: place) { return found }
                case (nil, let theirs?): return "\(place) is missing, recorded \(theirs.encodedString.prefix(200))"
                case (let mine?, nil): return "\(place) is \(mine.encodedString.prefix(200)), not recorded"
                case (nil, nil): continue
                }
            }
            return nil
        case (.array(let mine), .array(let theirs)):
            for index in 0..<min(mine.count, theirs.count) {
                if let found = first(mine[index], theirs[index], at: "\(path)[\(index)]") { return found }
            }
            return mine.count == theirs.count ? nil : "\(path) has \(mine.count) elements, recorded \(theirs.count)"
        default:
            return actual == recorded
                ? nil : "\(path) is \(actual.encodedString.prefix(300)), recorded \(recorded.encodedString.prefix(300))"
        }
    }
}
