/*
 * For tests under Wine alone, and never shipped: Rust's standard library draws random bytes from this DLL of Windows, which
 * older versions of Wine lack. Their older function of the same kind draws from the system below.
 */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG len); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T len) {
    while (len > 0) {
        ULONG part = len > 0x100000 ? 0x100000 : (ULONG)len;
        if (!SystemFunction036(bytes, part)) {
            return FALSE;
        }
        bytes += part;
        len -= part;
    }
    return TRUE;
}
