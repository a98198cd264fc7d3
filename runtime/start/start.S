# Where an emitted program starts: hands libc, through the runtime, the
# program's main, so that linking needs no compiler, crt objects or libc.
        .text
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        movq    %rdx, %r9               # the dynamic linker's exit function
        movq    (%rsp), %rsi            # argc
        leaq    8(%rsp), %rdx           # argv
        andq    $-16, %rsp
        pushq   %rax                    # keeps the stack aligned below
        pushq   %rsp                    # the stack's end
        xorl    %r8d, %r8d              # no fini
        xorl    %ecx, %ecx              # no init
        leaq    vescale_start_main(%rip), %rdi
        call    *vs_libc_start@GOTPCREL(%rip)
        hlt
        .cfi_endproc
        .size   _start, .-_start
        .section .note.GNU-stack,"",@progbits
