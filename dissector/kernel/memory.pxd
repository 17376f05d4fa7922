# What kernels ask of the processor, where it can be asked.

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define dissector_fetch(place) __builtin_prefetch(place)
    #else
    #define dissector_fetch(place) ((void)(place))
    #endif
    """
    void fetch "dissector_fetch"(const void *place) noexcept nogil
