import KubeClient

extension Reflector {
    func report(_ note: ReflectorMachine.Note) {
        switch note {
        case .relist(let reason):
            metrics?.relisted(reason)
            logger.debug("Reading the whole state", ["reason": .string(reason.rawValue)])
        case .failed(let error, let delay):
            guard !error.isCancelled || !Task.isCancelled else { return }
            metrics?.failed(code: error.code)
            logger.warn(
                "The list or watch failed and is tried again",
                ["error": .string("\(error)"), "retryIn": .string("\(delay)")])
        case .silentWatch:
            metrics?.wasSilent()
            logger.info("The server did not end the watch in time; it is opened anew")
        case .shortWatch:
            metrics?.wasShort()
            logger.warn("The watch ended at once; something on the way may not let watches through")
        case .streamingUnsupported:
            logger.info("The server cannot stream its state; it is listed instead")
        }
    }

    func reportQuarantined(_ object: UndecodableObject) {
        metrics?.undecodable(1)
        logger.error(
            "An object cannot be read and is set aside until it changes",
            [
                "namespace": .string(object.metadata.namespace), "name": .string(object.metadata.name),
                "uid": .string(object.metadata.uid),
                "resourceVersion": .string(object.metadata.resourceVersion.text), "error": .string(object.error),
            ])
    }
}
