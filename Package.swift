// swift-tools-version: 6.2

import PackageDescription

/// Settings of every target: language mode 6, warnings are errors.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Tests may import Foundation; the product may not (it would quadruple the binary).
let testing: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// The commit that `version` prints; the Makefile sets it.
let commit = Context.environment["BUILD_COMMIT"]

let package = Package(
    name: "towline",
    products: [
        .executable(name: "towline", targets: ["towline"]),
        .executable(name: "towline-sandbox", targets: ["towline-sandbox"]),
    ],
    targets: [
        .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "CBuildInfo", cSettings: commit.map { [.define("TOWLINE_COMMIT", to: "\"\($0)\"")] }),
        .target(name: "CEmbedded"),

        // A module imports only modules listed above it.
        .target(name: "KubeClient", dependencies: ["CLibcurl", "CLibyaml", "CLinux"], swiftSettings: strict),
        .target(name: "KubeRuntime", dependencies: ["KubeClient", "CLinux"], swiftSettings: strict),
        // Linear-time regular expressions.
        .target(name: "Patterns", swiftSettings: strict),
        .target(name: "TowlineAPI", dependencies: ["KubeClient", "Patterns"], swiftSettings: strict),
        .target(name: "Status", dependencies: ["KubeClient", "TowlineAPI"], swiftSettings: strict),
        .target(
            name: "Engines", dependencies: ["KubeClient", "TowlineAPI", "Status"], swiftSettings: strict),
        .target(
            name: "Executions", dependencies: ["KubeClient", "KubeRuntime", "TowlineAPI", "Status", "Engines"],
            swiftSettings: strict),
        .target(
            name: "Environments", dependencies: ["KubeClient", "KubeRuntime", "TowlineAPI", "Status", "Engines"],
            swiftSettings: strict),
        .target(
            name: "Operator",
            dependencies: ["KubeClient", "KubeRuntime", "TowlineAPI", "Engines", "Executions", "Environments"],
            swiftSettings: strict),

        // The sandbox, from the bottom up. CEL and Schema know no server.
        // Expressions: values, parser, type checker, evaluator, functions.
        .target(name: "CEL", dependencies: ["KubeClient", "Patterns"], swiftSettings: strict),
        // Structural schemas with their rules, patches, JSON paths, managed fields.
        .target(name: "Schema", dependencies: ["KubeClient", "Patterns", "CEL"], swiftSettings: strict),
        // An in-memory API server: storage, registry, built-in and custom resources, garbage collection, HTTP.
        .target(
            name: "APIServer", dependencies: ["KubeClient", "KubeRuntime", "Schema"], swiftSettings: strict),
        // Tekton and Argo controllers that act on an API server without running containers.
        .target(
            name: "SimulatedEngines", dependencies: ["KubeClient", "KubeRuntime", "Schema", "APIServer"],
            swiftSettings: strict),
        // The API server on a loopback port, with its simulated engines.
        .target(
            name: "Sandbox", dependencies: ["KubeClient", "KubeRuntime", "APIServer", "SimulatedEngines"],
            swiftSettings: strict),

        .target(name: "CommandLineOptions", dependencies: ["KubeClient", "CBuildInfo"], swiftSettings: strict),
        .executableTarget(
            name: "towline",
            dependencies: [
                "KubeClient", "KubeRuntime", "TowlineAPI", "Executions", "Operator", "CommandLineOptions", "CLinux",
            ], swiftSettings: strict),
        .executableTarget(
            name: "towline-sandbox",
            dependencies: [
                "KubeClient", "KubeRuntime", "TowlineAPI", "Operator", "CommandLineOptions", "APIServer",
                "SimulatedEngines", "Sandbox", "CEmbedded",
            ], swiftSettings: strict),

        .target(name: "Exposition", path: "Tests/Support/Exposition", swiftSettings: testing),
        .target(
            name: "TestSupport", dependencies: ["KubeClient"], path: "Tests/Support/TestSupport",
            swiftSettings: testing),
        // Apart from TestSupport, because the tools link that statically and Swift Testing has no static library.
        .target(name: "Eventually", path: "Tests/Support/Eventually", swiftSettings: testing),
        .target(
            name: "SandboxSupport",
            dependencies: ["KubeClient", "KubeRuntime", "APIServer", "Sandbox", "TestSupport"],
            path: "Tests/Support/SandboxSupport", swiftSettings: testing),
        .target(
            name: "Faults", dependencies: ["KubeClient", "CLinux"], path: "Tests/Support/Faults", swiftSettings: testing
        ),
        .executableTarget(
            name: "towline-bench",
            dependencies: ["Faults", "TestSupport", "SimulatedEngines", "Sandbox", "KubeClient"],
            path: "Tests/Tools/Benchmark",
            swiftSettings: testing),
        .executableTarget(
            name: "towline-fuzz",
            dependencies: [
                "Engines", "Environments", "Status", "TowlineAPI", "KubeRuntime", "KubeClient", "TestSupport",
            ],
            path: "Tests/Tools/Fuzz", swiftSettings: testing),
        .executableTarget(
            name: "towline-simulate",
            dependencies: ["KubeClient", "KubeRuntime", "TowlineAPI", "Executions", "Environments", "TestSupport"],
            path: "Tests/Tools/Simulation", swiftSettings: testing),
        .executableTarget(
            name: "towline-manifests", dependencies: ["Operator", "Engines", "TowlineAPI"], swiftSettings: testing),
        .executableTarget(name: "towline-mutate", path: "Tests/Tools/Mutation", swiftSettings: testing),

        .testTarget(
            name: "KubeClientTests", dependencies: ["KubeClient", "KubeRuntime", "TestSupport", "Eventually"],
            swiftSettings: testing),
        .testTarget(
            name: "KubeRuntimeTests",
            dependencies: ["KubeRuntime", "KubeClient", "Exposition", "TestSupport", "Eventually"],
            swiftSettings: testing),
        .testTarget(name: "PatternsTests", dependencies: ["Patterns"], swiftSettings: testing),
        .testTarget(
            name: "TowlineAPITests", dependencies: ["TowlineAPI", "Schema", "KubeClient", "TestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "StatusTests",
            dependencies: ["Status", "TowlineAPI", "KubeClient", "TestSupport", "towline-fuzz"],
            swiftSettings: testing),
        .testTarget(
            name: "EnginesTests", dependencies: ["Engines", "Status", "TowlineAPI", "KubeClient", "TestSupport"],
            exclude: ["Recordings"], swiftSettings: testing),
        .testTarget(
            name: "OperatorTests",
            dependencies: ["Operator", "TowlineAPI", "KubeRuntime", "KubeClient", "Eventually"],
            swiftSettings: testing),
        .testTarget(
            name: "ExecutionsTests",
            dependencies: [
                "Executions", "Engines", "Status", "TowlineAPI", "KubeRuntime", "KubeClient", "Exposition",
                "TestSupport", "Eventually",
            ], swiftSettings: testing),
        .testTarget(
            name: "EnvironmentsTests",
            dependencies: [
                "Environments", "Engines", "Status", "Schema", "TowlineAPI", "KubeRuntime", "KubeClient", "TestSupport",
            ],
            swiftSettings: testing),
        .testTarget(name: "CELTests", dependencies: ["CEL", "KubeClient", "TestSupport"], swiftSettings: testing),
        .testTarget(
            name: "SchemaTests", dependencies: ["Schema", "CEL", "KubeClient", "TestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "APIServerTests",
            dependencies: [
                "APIServer", "Schema", "SimulatedEngines", "Sandbox", "KubeRuntime", "KubeClient", "SandboxSupport",
                "TestSupport",
            ], swiftSettings: testing),
        .testTarget(
            name: "SimulatedEnginesTests",
            dependencies: [
                "SimulatedEngines", "APIServer", "Schema", "Sandbox", "KubeRuntime", "KubeClient", "TestSupport",
            ],
            swiftSettings: testing),
        .testTarget(
            name: "SandboxTests",
            dependencies: ["Sandbox", "APIServer", "KubeRuntime", "KubeClient", "SandboxSupport", "TestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "DeployTests",
            dependencies: [
                "towline", "towline-manifests", "Operator", "Status", "TowlineAPI", "KubeRuntime", "CEL",
                "KubeClient", "Exposition", "TestSupport",
            ],
            exclude: ["ArgoCD/argo-cd.lua"], swiftSettings: testing),
        .testTarget(
            name: "CommandLineOptionsTests", dependencies: ["CommandLineOptions", "KubeClient"], swiftSettings: testing
        ),
        .testTarget(
            name: "TowlineTests",
            dependencies: ["towline", "CommandLineOptions", "KubeRuntime", "TestSupport"], swiftSettings: testing),
        .testTarget(
            name: "TowlineSandboxTests",
            dependencies: [
                "towline-sandbox", "CommandLineOptions", "APIServer", "SimulatedEngines", "Sandbox", "KubeClient",
                "TestSupport",
            ], swiftSettings: testing),
        // The simulator itself is a program, so that its own process can be set up for it.
        .testTarget(
            name: "ToolTests", dependencies: ["towline-fuzz", "towline-simulate", "TestSupport"],
            swiftSettings: testing),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "KubeClient", "KubeRuntime", "APIServer", "SimulatedEngines", "Sandbox", "Faults", "Exposition",
                "TestSupport",
            ],
            exclude: ["Answers", "Cases/Inputs"], swiftSettings: testing),
    ]
)
