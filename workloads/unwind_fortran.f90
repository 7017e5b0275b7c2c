! unwind_fortran.f90 - Fortran frames: recursion, automatic and allocatable arrays, internal
! procedures, formatted output to a string. Run under --check-unwinder=1 by
! tests/integration/test_unwind.py; prints a checksum.
module walks
   implicit none
contains
   recursive function walk(depth) result(total)
      integer, intent(in) :: depth
      integer :: total
      real, allocatable :: room(:)
      real :: automatic(depth + 1)
      character(len=40) :: text
      allocate (room(10 + depth))
      room = real(depth)
      automatic = 1.0
      write (text, '(a, i5, f8.2)') 'depth', depth, sum(room)
      total = len_trim(text) + int(sum(automatic))
      if (depth > 0) total = total + walk(depth - 1) + inner(depth)
      deallocate (room)
   contains
      function inner(n) result(value)
         integer, intent(in) :: n
         integer :: value
         real, allocatable :: more(:)
         more = [room, automatic, real(n)]
         value = size(more)
      end function inner
   end function walk
end module walks

program unwind_fortran
   use walks
   implicit none
   integer :: i, total
   total = 0
   do i = 1, 40
      total = total + walk(mod(i, 20))
   end do
   print '(i0)', total
end program unwind_fortran
