# Which system calls does this kernel have, and which may this process use? An ELF file of i386 Linux that asks for each
# number in a child of its own, with arguments that are good for nothing, and writes one letter for each:
# m: no such call (ENOSYS), r: refused (EPERM, which is what a seccomp filter of docker says), a: anything else.
# system-call-probe.ts has its bytes, which its test assembles again.

        .set    base, 0x08048000
        .set    count, 512
        .set    letters, base + 0x1000

        .code32
        .text
elf:    .byte   0x7f, 'E', 'L', 'F', 1, 1, 1, 0
        .long   0, 0
        .short  2, 3                            # an executable, for i386
        .long   1, base + start - elf, segment - elf, 0, 0
        .short  segment - elf, 32, 1, 0, 0, 0
segment:
        .long   1, 0, base, base, end - elf, 0x1000 + count, 7, 0x1000

start:  xor     %ebp, %ebp                      # the number
next:   mov     $2, %eax                        # fork
        int     $0x80
        test    %eax, %eax
        jz      child
        push    $0
        mov     %eax, %ebx
        mov     $7, %eax                        # waitpid of that child
        mov     %esp, %ecx
        xor     %edx, %edx
        int     $0x80
        pop     %eax
        mov     $'a', %cl
        test    $0x7f, %al                      # killed by a signal: it was at work
        jnz     say
        cmp     $38, %ah
        jne     known
        mov     $'m', %cl
known:  cmp     $1, %ah
        jne     say
        mov     $'r', %cl
say:    mov     %cl, letters(%ebp)
        inc     %ebp
        cmp     $count, %ebp
        jb      next
        mov     $4, %eax                        # write
        mov     $1, %ebx
        mov     $letters, %ecx
        mov     $count, %edx
        int     $0x80
        xor     %ebx, %ebx
        jmp     exit

child:  mov     $27, %eax                       # alarm: whatever waits is ended after a second
        mov     $1, %ebx
        int     $0x80
        or      $-1, %ebx
        mov     %ebx, %ecx
        mov     $~(1 << 13), %edx               # for sigsuspend, which would hold back the alarm
        mov     %ebx, %esi
        mov     %ebx, %edi
        mov     %ebp, %eax
        int     $0x80
        cmp     $-38, %eax
        jne     done
        xor     %ebx, %ebx                      # ipc, futex and modify_ldt say so of what they are asked, too
        xor     %ecx, %ecx
        xor     %edx, %edx
        mov     %ebp, %eax
        int     $0x80
done:   xor     %ebx, %ebx
        cmp     $-4095, %eax
        jb      exit
        sub     %eax, %ebx                      # the error's number
exit:   mov     $1, %eax
        int     $0x80
end:
